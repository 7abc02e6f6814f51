/**
 * A condition without the leaves that no line of a row group satisfies, because it has no value of their names: of the many names
 * that programs give to a status, a row group has one or two, and its templates are judged by these alone.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { type Leaf, leavesOf, NOTHING, normalised, type ValueLeaf, type Where } from '../../../store/predicate.ts';
import { askedNames } from './asked-names.ts';
import { isOfColumns } from './header-outcomes.ts';
import { labelNamesOf } from './name.ts';

/** The names of a condition, and what is left of it by those of them that a row group has: mostly all have the same. */
interface Narrowed {
  readonly names: readonly string[];
  readonly byPresent: Map<string, Where>;
}

const known = new WeakMap<Where, Narrowed>();

/** @param group  without lines that are kept whole and may have fields */
export function narrowedWhere(group: RowGroup, where: Where): Where {
  let narrowed = known.get(where);
  if (narrowed === undefined) known.set(where, (narrowed = { names: namesOf(where), byPresent: new Map() }));
  const { names, byPresent } = narrowed;
  const asked = askedNames(names);
  const present = asked.amongFields(group.fields());
  for (const label of labelNamesOf(group)) asked.addIndexOf(label, present);
  const key = [...present].toSorted((a, b) => a - b).join();
  let own = byPresent.get(key);
  if (own === undefined) {
    const isPresent = new Set(Array.from(present, (index) => names[index]));
    const without = withoutLeaves(where, (leaf) => isOfName(leaf) && !isPresent.has(leaf.name));
    byPresent.set(key, (own = normalised(without)));
  }
  return own;
}

function namesOf(where: Where): readonly string[] {
  return [...new Set(leavesOf(where).flatMap((leaf) => (isOfName(leaf) ? [leaf.name] : [])))];
}

/** Whether a leaf is about a field of its name, or a label. */
function isOfName(leaf: Leaf): leaf is ValueLeaf {
  return isOfColumns(leaf) && leaf.labelOnly !== true && leaf.ofJson !== true;
}

function withoutLeaves(where: Where, isLeftOut: (leaf: Leaf) => boolean): Where {
  switch (where.kind) {
    case 'all':
    case 'any':
      return { kind: where.kind, of: where.of.map((each) => withoutLeaves(each, isLeftOut)) };
    case 'not':
      return { kind: 'not', of: withoutLeaves(where.of, isLeftOut) };
    case 'text':
    case 'regexp':
    case 'json':
    case 'value':
      return isLeftOut(where) ? NOTHING : where;
  }
}
