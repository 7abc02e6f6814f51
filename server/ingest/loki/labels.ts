/**
 * The labels of a pushed stream, `{app="api", env="prod"}`, as Loki reads them: of a text, in Prometheus' syntax. Labels with
 * empty values are left out.
 */
import { unescaped } from '../../../shared/go-quote.ts';
import { labelsText } from '../../../shared/labels-text.ts';
import type { Labels } from '../../../shared/labels.ts';
import {
  LABEL_NAME_BYTES_MAX,
  LABEL_VALUE_BYTES_MAX,
  LOKI_LABELS_MAX,
  LOKI_LABELS_TEXT_BYTES_MAX,
} from '../../limits.ts';
import { SERVICE_NAME, serviceNameOf } from '../../../shared/service-name.ts';
import { pushedLabelProblem } from '../label-limits.ts';

/** Characters of a text that an error quotes; an ellipsis replaces the rest. */
const QUOTED_LENGTH_MAX = 1024;

const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const VALUE = /"((?:[^"\\\n]|\\[^\n])*)"|'((?:[^'\\\n]|\\[^\n])*)'|`([^`]*)`/y;
const SPACE = /\s*/y;

/** The labels of a stream, or why it cannot be stored. */
export type StreamLabels =
  /** `quoted` is the stream as errors have it. */
  | { readonly kind: 'labels'; readonly labels: Labels; readonly quoted: string }
  | { readonly kind: 'refused'; readonly refusal: string };

/** @param namesService  whether errors quote the stream with the service name that Loki gives it */
export function parseStreamLabels(text: string, namesService = false): StreamLabels {
  let quoted = shortened(text);
  if (text.length > LOKI_LABELS_TEXT_BYTES_MAX) {
    return refused(`couldn't parse labels: longer than ${LOKI_LABELS_TEXT_BYTES_MAX} bytes: '${quoted}'`);
  }
  const pairs = parsePairs(text);
  if (typeof pairs === 'string') return refused(`couldn't parse labels: ${pairs}`);
  const labels = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (labels.has(name)) return refused(`stream '${quoted}' has duplicate label name: '${name}'`);
    labels.set(name, value);
  }
  for (const [name, value] of labels) if (value === '') labels.delete(name);
  if (namesService && !labels.has(SERVICE_NAME)) quoted = quotedStream(labels);
  // Loki adds it itself, so it does not count.
  const count = labels.size - (labels.has(SERVICE_NAME) ? 1 : 0);
  if (count > LOKI_LABELS_MAX) {
    return refused(`entry for stream '${quoted}' has ${count} label names; limit ${LOKI_LABELS_MAX}`);
  }
  for (const [name, value] of labels) {
    const problem = labelRefusal(name, value);
    if (problem !== undefined) return refused(`stream '${quoted}' ${problem}`);
  }
  return { kind: 'labels', labels: Object.fromEntries(labels), quoted };
}

function quotedStream(labels: ReadonlyMap<string, string>): string {
  return shortened(streamLabelsText([...labels, [SERVICE_NAME, serviceNameOf(Object.fromEntries(labels))]]));
}

/** Returns labels as a text that `parseStreamLabels` reads, sorted by name. */
export function streamLabelsText(labels: Iterable<readonly [name: string, value: string]>): string {
  return labelsText([...labels].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function labelRefusal(name: string, value: string): string | undefined {
  if (name.length > LABEL_NAME_BYTES_MAX) return `has label name too long: '${shortened(name)}'`;
  if (Buffer.byteLength(value) > LABEL_VALUE_BYTES_MAX) return `has label value too long: '${shortened(value)}'`;
  const wrong = pushedLabelProblem(name, value);
  return wrong === undefined ? undefined : `has the label ${name}: ${wrong.problem}; allowed: ${wrong.allowed}`;
}

/** Returns names and values, or what is wrong, with its place. */
function parsePairs(text: string): (readonly [name: string, value: string])[] | string {
  const pairs: (readonly [string, string])[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const skip = (char: string): boolean => {
    match(SPACE);
    if (text[at] !== char) return false;
    at++;
    match(SPACE);
    return true;
  };
  const wrong = (): string => {
    const place = `1:${at + 1}: parse error: `;
    if (at >= text.length) return `${place}unexpected end of input inside braces`;
    return `${place}unexpected character inside braces: '${String.fromCodePoint(text.codePointAt(at)!)}'`;
  };
  if (!skip('{')) return wrong();
  while (!skip('}')) {
    const name = match(NAME);
    if (name === null || !skip('=')) return wrong();
    const value = match(VALUE);
    if (value === null) return wrong();
    const [, double, single, raw] = value;
    const plain = raw ?? (double === undefined ? unescaped(single!, "'") : unescaped(double));
    if (plain === undefined) return `1:${value.index + 1}: parse error: invalid escape sequence in ${value[0]}`;
    pairs.push([name[0], plain]);
    if (!skip(',') && text[at] !== '}') return wrong();
  }
  return at === text.length ? pairs : wrong();
}

/** Returns a text as an error quotes it. */
export function shortened(text: string): string {
  return text.length <= QUOTED_LENGTH_MAX ? text : `${text.slice(0, QUOTED_LENGTH_MAX).toWellFormed()}…`;
}

function refused(refusal: string): StreamLabels {
  return { kind: 'refused', refusal };
}
