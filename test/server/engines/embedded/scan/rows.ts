/** Rows as tests write them, their row group, and a plain look at every line. */
import { RE2JS } from 're2js';
import { type Labels, labelOf } from '../../../../../shared/labels.ts';
import { LEVEL } from '../../../../../shared/levels.ts';
import { RowGroupBuilder } from '../../../../../shared/row-group/builder.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../../shared/time.ts';
import { EVERYTHING, type ValueTest, type Where } from '../../../../../server/store/predicate.ts';
import { matches } from '../../../../../server/engines/embedded/scan/value-match.ts';
import type { Plan } from '../../../../../server/store/search-plan.ts';
import { isLevel } from '../../../store/naive-level.ts';
import { containsText } from '../../../store/naive-search.ts';
import { TEXT_LINES } from '../../../../shared/row-group/line-formats/lines.ts';

export const DAY = 20_780;

export interface Row {
  readonly labels: Labels;
  readonly timeNs: number;
  readonly line: string;
}

export function encode(rows: readonly Row[]): RowGroup {
  const builder = new RowGroupBuilder();
  for (const { labels, timeNs, line } of rows) {
    const bytes = Buffer.from(line);
    const at = builder.append(bytes, 0, bytes.length);
    builder.add(builder.stream(labels), DAY, timeNs, 0, at, at + bytes.length);
  }
  return new RowGroup(builder.finish());
}

/** The truth: parses every line, knows nothing of columns. */
export function naiveMatches({ labels, timeNs, line }: Row, plan: Plan): boolean {
  const instant = instantOf(DAY, timeNs);
  if ((plan.from !== undefined && instant < plan.from) || (plan.to !== undefined && instant >= plan.to)) return false;
  return isTrue(plan.where, labels, line);
}

export function isTrue(where: Where, labels: Labels, text: string): boolean {
  switch (where.kind) {
    case 'all':
      return where.of.every((each) => isTrue(each, labels, text));
    case 'any':
      return where.of.some((each) => isTrue(each, labels, text));
    case 'not':
      return !isTrue(where.of, labels, text);
    case 'text':
      return containsText(text, where);
    case 'regexp':
      return RE2JS.compile(where.pattern).test(text);
    // Never known, so that other conditions decide.
    case 'json':
      return false;
    case 'value': {
      const { name, tests, labelOnly } = where;
      const label = labelOf(labels, name);
      if (label === undefined && labelOnly === true) return false;
      const values = label === undefined ? fieldValues(text, name) : [label];
      const passes = name === LEVEL ? isLevel : passesTest;
      return tests.some((test) => values.some((value) => passes(test, value)));
    }
  }
}

function passesTest(test: ValueTest, value: string): boolean {
  return test.kind === 'regexp' ? RE2JS.compile(test.pattern).test(value) : matches(test, Buffer.from(value));
}

/** Of JSON and logfmt, which is what these tests write, and what stands in the table of text lines. */
function fieldValues(line: string, name: string): string[] {
  if (!line.startsWith('{')) return textFields(line).flatMap(([field, value]) => (field === name ? [value] : []));
  const found: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) visit(inner, path === '' ? key : `${path}.${key}`);
    } else if (path === name) {
      found.push(textOf(value));
      // An array answers for its elements, too.
      if (Array.isArray(value)) found.push(...value.map(textOf));
    }
  };
  try {
    visit(JSON.parse(line), '');
  } catch {
    return [];
  }
  return found;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const PAIR = /(?<key>[\w.@-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>[^" \n]*))(?: +|$)/y;
export const KNOWN_FIELDS = new Map(TEXT_LINES.map(([line, fields]) => [line, Object.entries(fields)]));

function textFields(line: string): [string, string][] {
  const known = KNOWN_FIELDS.get(line);
  if (known !== undefined) return known;
  const pairs: [string, string][] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < line.length) {
    const pair = PAIR.exec(line);
    if (pair === null) return [];
    const { key, quoted, bare } = pair.groups!;
    pairs.push([key!, quoted === undefined ? bare! : (JSON.parse(`"${quoted}"`) as string)]);
  }
  return pairs.length > 1 ? pairs : [];
}

export const ALL: Plan = {
  from: undefined,
  to: undefined,
  where: EVERYTHING,
  direction: 'backward',
  limit: 1000,
};
