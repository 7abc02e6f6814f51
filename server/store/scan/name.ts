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

/** The parts of a column whose values answer a name. */
export interface AnsweringColumn {
  readonly column: number;
  readonly parts: ColumnInfo['parts'];
}

/**
 * The columns that answer a name, fields of higher priority first: the parts of templates without a field of a higher one.
 * Lines that are kept whole are not among them, see whole-lines.ts.
 */
export function answeringColumns(group: RowGroup, name: string): AnsweringColumn[] {
  const fields = fieldsOf(name);
  const answering: AnsweringColumn[] = [];
  /** Templates that a field has answered; only where there are several fields. */
  const answered = new Set<number>();
  for (const field of fields) {
    const own = group.columnsOf(field).flatMap((column): AnsweringColumn[] => {
      const { slot, parts } = group.columns[column]!;
      if (slot.kind === KIND_TEXT) return [];
      const left = answered.size === 0 ? parts : parts.filter(({ template }) => !answered.has(template));
      return left.length === 0 ? [] : [{ column, parts: left }];
    });
    if (fields.length > 1) for (const { parts } of own) for (const { template } of parts) answered.add(template);
    answering.push(...own);
  }
  return answering;
}

/**
 * By template: the column that answers a name in its lines, or holds lines that may do so; of a field that a line has more
 * than once, the last.
 */
export function columnOfTemplates(group: RowGroup, name: string): (number | undefined)[] {
  const columns: (number | undefined)[] = group.templates.map(() => undefined);
  for (const column of group.columnsOf('')) {
    const { slot, parts } = group.columns[column]!;
    if (slot.kind === KIND_TEXT) for (const { template } of parts) columns[template] = column;
  }
  for (const { column, parts } of answeringColumns(group, name)) {
    for (const { template } of parts) {
      const other = columns[template];
      const own = group.columnsOfTemplate[template]!;
      if (other === undefined || own.indexOf(column) > own.indexOf(other)) columns[template] = column;
    }
  }
  return columns;
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
