/**
 * A condition without the leaves that no line of a row group satisfies, because it has no value of their names: of the many names
 * that programs give to a status, a row group has one or two, and its templates are judged by these alone.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { LEVEL } from '../../../../shared/levels.ts';
import { type Leaf, NOTHING, normalised, type Where } from '../../../store/predicate.ts';
import { isOfColumns } from './header-outcomes.ts';
import { labelNamesOf, mayAnswer } from './name.ts';

/** By the names of a row group's fields and labels: mostly the row groups of a task have the same. */
const known = new WeakMap<Where, Map<string, Where>>();

/** @param group  without lines that are kept whole and may have fields */
export function narrowedWhere(group: RowGroup, where: Where): Where {
  let narrowed = known.get(where);
  if (narrowed === undefined) known.set(where, (narrowed = new Map()));
  const key = [...group.fields(), '', ...labelNamesOf(group)].join('\n');
  let own = narrowed.get(key);
  if (own === undefined) narrowed.set(key, (own = normalised(withoutAbsent(group, where))));
  return own;
}

function withoutAbsent(group: RowGroup, where: Where): Where {
  switch (where.kind) {
    case 'all':
    case 'any':
      return { kind: where.kind, of: where.of.map((each) => withoutAbsent(group, each)) };
    case 'not':
      return { kind: 'not', of: withoutAbsent(group, where.of) };
    case 'text':
    case 'regexp':
    case 'json':
      return where;
    case 'value':
      return isAbsent(group, where) ? NOTHING : where;
  }
}

function isAbsent(group: RowGroup, leaf: Leaf): boolean {
  if (!isOfColumns(leaf) || leaf.labelOnly === true || leaf.ofJson === true || leaf.name === LEVEL) return false;
  const isLabel = leaf.fieldOnly !== true && labelNamesOf(group).has(leaf.name);
  return !isLabel && !mayAnswer(group, leaf.name);
}
