/** Decides whether a drop rule applies to a line, by the fields that the shredder found in it and by its text. */
import { LEVEL, levelWildcards } from '../../shared/levels.ts';
import { type Answer, answerTo, fieldsOfTemplate } from '../../shared/row-group/answer.ts';
import { someElement } from '../../shared/row-group/array-elements.ts';
import { KIND_ARRAY, KIND_STRING } from '../../shared/row-group/format.ts';
import type { ShreddedLine } from '../../shared/row-group/builder.ts';
import type { Template } from '../../shared/row-group/template.ts';
import { unescaped } from '../../shared/row-group/unescaped.ts';
import type { DropRule } from '../../shared/rules/rule-set.ts';
import { matchesWildcard, parseWildcard, type Wildcard } from '../../shared/wildcard.ts';

const BACKSLASH = 0x5c;

export interface Drop {
  readonly conditions: readonly Condition[];
  readonly text: Buffer | undefined;
  /** Template → the column that answers each condition; null when it lacks one. */
  readonly answers: WeakMap<Template, readonly Answer[] | null>;
}

interface Condition {
  readonly name: string;
  /** The value is one of these. */
  readonly any: readonly Wildcard[];
  /** First byte of a value → those of them that it may be: mostly none. */
  readonly anyOfFirst: readonly (readonly Wildcard[])[];
}

export function compileDrop({ where = {}, text }: DropRule): Drop {
  return {
    conditions: Object.entries(where).map(([name, value]) => conditionOf(name, parseWildcard(value))),
    text: text === undefined ? undefined : Buffer.from(text),
    answers: new WeakMap(),
  };
}

function conditionOf(name: string, value: Wildcard): Condition {
  const any = name === LEVEL ? levelWildcards([value]) : [value];
  const ofFirst = (byte: number): Wildcard[] =>
    any.filter(([literal]) => literal!.length === 0 || literal![0] === byte);
  return { name, any, anyOfFirst: Array.from({ length: 256 }, (_, byte) => ofFirst(byte)) };
}

/** @param line  the line [start, end) of its bytes */
export function isDropped(drop: Drop, line: ShreddedLine, start: number, end: number): boolean {
  const { conditions, text } = drop;
  if (conditions.length > 0) {
    const answers = answersOf(drop, line.template);
    if (answers === null) return false;
    for (let i = 0; i < answers.length; i++) if (!isValue(conditions[i]!, line, answers[i]!)) return false;
  }
  return text === undefined || line.bytes.subarray(start, end).includes(text);
}

function answersOf({ conditions, answers }: Drop, template: Template): readonly Answer[] | null {
  let known = answers.get(template);
  if (known !== undefined) return known;
  const found = conditions.map(({ name }) => answerTo(name, fieldsOfTemplate(template)));
  known = found.every((answer) => answer !== undefined) ? found : null;
  answers.set(template, known);
  return known;
}

/** A string is compared without its escapes, everything else as it is written; an array, or an element of it. */
function isValue(condition: Condition, { template, bytes, starts, ends }: ShreddedLine, answer: Answer): boolean {
  if (answer.kind === 'implied') return isOne(condition, answer.value, 0, answer.value.length);
  const { slot, path } = answer;
  const [start, end] = [starts[slot]!, ends[slot]!];
  const { kind } = template.slots[slot]!;
  if (kind === KIND_ARRAY) {
    if (path === '' && isOne(condition, bytes, start, end)) return true;
    return someElement(bytes.subarray(start, end), path, (element) => isOne(condition, element, 0, element.length));
  }
  if (kind === KIND_STRING) {
    for (let at = start; at < end; at++) {
      if (bytes[at] !== BACKSLASH) continue;
      const text = unescaped(bytes.subarray(start, end));
      return isOne(condition, text, 0, text.length);
    }
  }
  return isOne(condition, bytes, start, end);
}

function isOne({ any, anyOfFirst }: Condition, bytes: Buffer, start: number, end: number): boolean {
  const candidates = start < end ? anyOfFirst[bytes[start]!]! : any;
  for (let i = 0; i < candidates.length; i++) if (matchesWildcard(candidates[i]!, bytes, start, end)) return true;
  return false;
}
