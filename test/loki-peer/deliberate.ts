/** What podlog answers otherwise on purpose, or cannot know: these differences are counted apart. */
import type { Answer, Question } from './question.ts';

/** What a question must have for a reason, and the reason. */
const REASONS: readonly (readonly [about: RegExp, path: RegExp, reason: string])[] = [
  [/^variants\(/, /./, 'variants are on'],
  [/bytes\(|1KiB|1024/, /format_query/, 'format_query keeps 1024B, which Loki rounds'],
  [/./, /rules/, "rules are those of Loki's storage"],
  [/buildinfo|drilldown-limits/, /./, 'the version and limits of the server'],
  [
    /^(?:DELETE|HEAD) |^GET \/loki\/api\/v1\/push$/,
    /./,
    'methods that are not there are 405, and HEAD is GET without a body',
  ],
  [/label\/\/values/, /./, 'a path without a name is not redirected'],
  [/limit=99999999999/, /./, "limits are not cut to 32 bits in the error's text"],
  [/index\/volume/, /volume/, "volumes are those of lines; Loki's chunks count metadata, too"],
  [
    /labels\?(?:start=1&end=2|start=\$S(?:\.5)?&end=\$[SE])/,
    /labels/,
    'labels of the time that was asked for, not of all that is in memory',
  ],
  [/label\/app\/values/, /api\/prom/, 'values of a label on the old path, where Loki answers with names'],
  [/[üï].*="x"/, /query_range/, 'names in other letters, which Loki cannot send to its queriers'],
  [/5e400/, /query_range/, 'an infinite number, which Loki cannot send to its queriers'],
  [/label_replace\(.*, "", "b"/, /query_range/, 'an empty name, which Loki cannot read from its queriers'],
  [/approx_topk/, /query_range/, 'an error, where Loki ends'],
  [/\| label_format x=`\{\{.*fromJson __line__/, /query_range/, 'U+FFFD in a label, which Loki cannot write'],
  [/ip\(.*or ip\(/, /query_range/, 'addresses in a chain of "or"'],
  [
    /"__error__":"own"|oddjson.*\| json.*sum by \(__error__\)|sum by \(__error__\)/,
    /./,
    'labels that lines call __error__',
  ],
];

/** Returns why an answer may differ; undefined where it should not. */
export function reasonFor({ about, path, headers }: Question, want: Answer, got: Answer): string | undefined {
  const isSilent = want.status === 200 && got.status === 400 && 'x-loki-response-encoding-flags' in headers;
  if (isSilent) return 'an error of a pipeline is said with categorize-labels, too';
  if ([want, got].every(({ status, text }) => status === 400 && text.startsWith('pipeline error: '))) {
    return 'the first of several series with an error';
  }
  return REASONS.find(([ofAbout, ofPath]) => ofAbout.test(about) && ofPath.test(path))?.[2];
}
