/** Makes requests from the lists of questions/ and from random queries. */
import type { Corpus } from './corpus.ts';
import type { Question } from './question.ts';

export const KINDS = ['lines', 'templates', 'metrics', 'errors', 'requests', 'random', 'pushes'] as const;
export type Kind = (typeof KINDS)[number];

const LIMIT = '1000';
const CATEGORIZED = { 'x-loki-response-encoding-flags': 'categorize-labels' };
const TEMPLATES_OF = ['json', 'logfmt', 'oddjson'];

export function handWritten(
  kind: Exclude<Kind, 'random' | 'pushes'>,
  lines: readonly string[],
  corpus: Corpus,
): Question[] {
  return lines.flatMap((line) => {
    switch (kind) {
      case 'lines':
        return linesQuestions(line, corpus);
      case 'metrics':
        return metricQuestions(line, corpus);
      case 'errors':
        return [...metricQuestions(line, corpus), formatQuestion(line)];
      case 'templates':
        return templateQuestions(line, corpus);
      case 'requests':
        return [requestQuestion(line, corpus)];
    }
  });
}

/** Newest first, and oldest first with the labels of lines apart from those of streams. */
export function linesQuestions(query: string, { start, end }: Corpus): Question[] {
  const range = { query, start: String(start), end: String(end), limit: LIMIT };
  return [
    question('query_range', range, {}),
    question('query_range', { ...range, direction: 'forward', limit: '30' }, CATEGORIZED),
  ];
}

/** At an instant, and over a range. */
export function metricQuestions(query: string, { start, end }: Corpus, when: When = WHEN): Question[] {
  const time = start + (end - start) * when.part;
  const [from, to] = [start + when.offset, end + when.offset].map(String) as [string, string];
  return [
    question('query', { query, time: String(time) }, {}),
    question('query_range', { query, start: from, end: to, step: when.step }, {}),
  ];
}

/** The times at which a metric is asked for. */
export interface When {
  /** Of an instant: 0 is the first line, 1 the last. */
  readonly part: number;
  /** Seconds that the range is moved by. */
  readonly offset: number;
  readonly step: string;
}

const WHEN: When = { part: 0.5, offset: 0, step: '90' };

function templateQuestions(template: string, { start, end }: Corpus): Question[] {
  const range = { start: String(start), end: String(end), limit: '20' };
  const quoted = template.includes('`') ? JSON.stringify(template) : `\`${template}\``;
  return TEMPLATES_OF.flatMap((app) => {
    const parser = app === 'logfmt' ? 'logfmt' : 'json';
    const queries = [
      `{app="${app}"} | ${parser} | line_format ${quoted}`,
      `{app="${app}"} | ${parser} | label_format x=${quoted} | keep x`,
    ];
    return queries.map((query) => question('query_range', { ...range, query }, {}));
  });
}

function formatQuestion(query: string): Question {
  return question('format_query', { query }, {});
}

function question(route: string, parameters: Record<string, string>, headers: Question['headers']): Question {
  const path = `/loki/api/v1/${route}?${String(new URLSearchParams(parameters))}`;
  return { method: 'GET', path, headers, about: parameters.query! };
}

function requestQuestion(line: string, { start, end }: Corpus): Question {
  const [, method, path] = /^(\w+) (.*)$/.exec(line)!;
  const filled = path!
    .replaceAll('$SN', `${start}000000000`)
    .replaceAll('$EN', `${end}000000000`)
    .replaceAll('$S', String(start))
    .replaceAll('$E', String(end));
  return { method: method as 'GET', path: encodeURI(filled).replaceAll('%25', '%'), headers: {}, about: line };
}
