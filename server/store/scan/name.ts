/**
 * What a name in a query stands for in a row group: the columns that answer it, template by template, and what their
 * values are compared with. Mostly it is the field of that name; `level` is whatever field says the level of a line.
 */
import { KIND_TEXT } from '../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { fieldsOf, LEVEL, levelWildcards } from '../../../shared/levels.ts';
import type { Wildcard } from '../../../shared/wildcard.ts';
import type { Pattern } from './pattern.ts';

/** Fields of a row group that may answer a name, by priority; whether a line has one, its template tells. */
export function answeringFields(group: RowGroup, name: string): readonly string[] {
  const fields = fieldsOf(name);
  if (fields.length === 1) return fields;
  return fields.filter((field) => group.columns.some(({ slot }) => slot.field === field));
}

/**
 * The column that answers a name in the lines of a template, or holds lines that may do so; of a field that a line has
 * more than once, the last.
 * @param fields  those that may answer it
 */
export function columnOf(group: RowGroup, template: number, fields: readonly string[]): number | undefined {
  const columns = group.columnsOfTemplate[template]!;
  let best: number | undefined;
  let bestRank = Infinity;
  for (let slot = columns.length - 1; slot >= 0 && bestRank > 0; slot--) {
    const { kind, field } = group.columns[columns[slot]!]!.slot;
    if (kind === KIND_TEXT) return columns[slot];
    const rank = fields.indexOf(field);
    if (rank < 0 || rank >= bestRank) continue;
    best = columns[slot];
    bestRank = rank;
  }
  return best;
}

/**
 * The parts of a column whose values answer a name: those of templates without a field of a higher priority.
 * @param fields  those that may answer it
 */
export function answeringParts(group: RowGroup, column: ColumnInfo, fields: readonly string[]): ColumnInfo['parts'] {
  const rank = fields.indexOf(column.slot.field);
  if (rank < 0 || column.slot.kind === KIND_TEXT) return [];
  if (rank === 0) return column.parts;
  const better = fields.slice(0, rank);
  return column.parts.filter(
    ({ template }) => !group.templates[template]!.slots.some(({ field }) => better.includes(field)),
  );
}

/** Compiled once for each list of patterns, which are those of a plan. */
const levelPatterns = new WeakMap<readonly Pattern[], readonly Pattern[]>();

/** What values are compared with where these patterns are asked for under a name. */
export function patternsOf(name: string, patterns: readonly Pattern[]): readonly Pattern[] {
  if (name !== LEVEL) return patterns;
  let known = levelPatterns.get(patterns);
  if (known === undefined) {
    levelPatterns.set(patterns, (known = levelWildcards(patterns.map(toWildcard)).map(toPattern)));
  }
  return known;
}

function toWildcard(pattern: Pattern): Wildcard {
  return pattern.kind === 'equals' ? [Buffer.from(pattern.text)] : pattern.parts;
}

function toPattern(parts: Wildcard): Pattern {
  return parts.length === 1 ? { kind: 'equals', text: parts[0]! } : { kind: 'wildcard', parts };
}
