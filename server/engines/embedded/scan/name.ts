/**
 * Resolves a name of a query in a row group: the columns with its values, template by template, and what their values
 * are compared with. Usually it is the field of that name; `level` is whichever field holds the level of a line.
 */
import { KIND_ARRAY, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { LEVEL, levelsWhere, levelWildcards } from '../../../../shared/levels.ts';
import { type Answer, answerTo, fieldsAround, fieldsOfTemplate } from '../../../../shared/row-group/answer.ts';
import type { Wildcard } from '../../../../shared/wildcard.ts';
import type { ValueLeaf, ValueTest } from '../../../store/predicate.ts';
import { matchesRegexp } from './regexps.ts';
import { jsonAnswersOf } from './json-labels.ts';
import { shapeOf } from './shape.ts';
import { matchesAny } from './value-match.ts';

/** The parts of a column whose values belong to a name. */
export interface AnsweringColumn {
  readonly column: number;
  readonly parts: ColumnInfo['parts'];
  /** If not empty, elements of the values belong to it instead of the values. */
  readonly path: string;
}

/**
 * By template: the values of its lines that belong to a name; undefined for lines that are kept whole, see
 * whole-lines.ts.
 */
export function answersOf(group: RowGroup, name: string, isJson = false): (Answer | undefined)[] {
  if (isJson) return jsonAnswersOf(group, name);
  if (!mayAnswer(group, name)) return group.templates.map(() => undefined);
  return group.templates.map((template) => answerTo(name, fieldsOfTemplate(template)));
}

const labelNames = new WeakMap<RowGroup['info'], ReadonlySet<string>>();

/** Returns the names of the labels that some streams of a row group have: a few, while many names may be asked for. */
export function labelNamesOf({ info }: RowGroup): ReadonlySet<string> {
  let names = labelNames.get(info);
  if (names === undefined)
    labelNames.set(info, (names = new Set(info.streams.flatMap((labels) => Object.keys(labels)))));
  return names;
}

/** Whether elements of an array may belong to a name. */
export function hasArrays(group: RowGroup, name: string): boolean {
  return fieldsAround(name).some((field) =>
    group.columnsOf(field).some((column) => group.columns[column]!.slot.kind === KIND_ARRAY),
  );
}

/** Returns false when no line that is cut can have the name: mostly a name is that of a column, or lies within one. */
export function mayAnswer(group: RowGroup, name: string): boolean {
  if (name === LEVEL || group.columnsOf(name).length > 0) return true;
  return name.includes('.') && fieldsAround(name).some((field) => group.columnsOf(field).length > 0);
}

/** Returns the columns that belong to a name. */
export function answeringColumns(group: RowGroup, answers: readonly (Answer | undefined)[]): AnsweringColumn[] {
  const templatesOf = new Map<number, { path: string; templates: Set<number> }>();
  for (const [template, answer] of answers.entries()) {
    if (answer?.kind !== 'value') continue;
    const column = group.columnsOfTemplate[template]![answer.slot]!;
    const known = templatesOf.get(column);
    if (known === undefined) templatesOf.set(column, { path: answer.path, templates: new Set([template]) });
    else known.templates.add(template);
  }
  return [...templatesOf].map(([column, { path, templates }]) => {
    const { parts } = group.columns[column]!;
    const isAll = templates.size === parts.length;
    return { column, path, parts: isAll ? parts : parts.filter(({ template }) => templates.has(template)) };
  });
}

/** By template: the column that holds the values of a name in its lines, or that holds lines which may have one. */
export function columnOfTemplates(
  group: RowGroup,
  answers: readonly (Answer | undefined)[],
  isJson = false,
): (number | undefined)[] {
  return answers.map((answer, template) => {
    const columns = group.columnsOfTemplate[template]!;
    if (answer?.kind === 'value' && answer.path === '') return columns[answer.slot];
    return isJson ? undefined : columns.find((column) => group.columns[column]!.slot.kind === KIND_TEXT);
  });
}

/** Compiled once for each list of tests, which are those of a plan. */
const levelTests = new WeakMap<readonly ValueTest[], readonly ValueTest[]>();

/** Returns the tests of values that those of a leaf imply under its name. */
export function testsOf({ name, tests, ofShape, ofJson }: ValueLeaf): readonly ValueTest[] {
  if (name !== LEVEL || ofShape === true || ofJson === true) return tests;
  let known = levelTests.get(tests);
  if (known === undefined) {
    const wanted = tests.flatMap(toWildcard);
    const expressions = tests.filter((test) => test.kind === 'regexp');
    const ofLevels = levelsWhere((canonical) => expressions.some((test) => matchesRegexp(test, canonical)));
    known = [...tests, ...[...levelWildcards(wanted).slice(wanted.length), ...ofLevels].map(toTest)];
    levelTests.set(tests, known);
  }
  return known;
}

/** Returns whether a value of the leaf's name passes one of its tests. */
export function passesOf(leaf: ValueLeaf): (value: Buffer) => boolean {
  const tests = testsOf(leaf);
  if (leaf.ofShape !== true) return (value) => matchesAny(tests, value);
  return (value) => matchesAny(tests, shapeOf(value, 0, value.length) ?? value);
}

/** Returns the wildcards that match words of levels. */
function toWildcard(test: ValueTest): Wildcard[] {
  if (test.kind === 'equals') return [[Buffer.from(test.text)]];
  return test.kind === 'wildcard' ? [test.parts.map((part) => Buffer.from(part))] : [];
}

function toTest(parts: Wildcard): ValueTest {
  return parts.length === 1 ? { kind: 'equals', text: parts[0]! } : { kind: 'wildcard', parts };
}
