/** Filters as a query string has them, of each name and of the text what is wanted and what is refused, as a tree. */
import {
  allOf,
  anyOf,
  not,
  textLeaf,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../../../../server/store/predicate.ts';

export interface ValueFilter {
  readonly name: string;
  readonly any: readonly ValueTest[];
  readonly none: readonly ValueTest[];
  readonly labelOnly?: true;
}

export interface TextFilter {
  readonly any: readonly Uint8Array[];
  readonly none: readonly Uint8Array[];
}

export interface Filters {
  readonly values?: readonly ValueFilter[] | undefined;
  readonly text?: TextFilter | undefined;
}

/** Not normalised: that is one of the things that tests are about. */
export function whereOf({ values = [], text = { any: [], none: [] } }: Filters): Where {
  return allOf([
    ...values.map(({ name, any, none, labelOnly }) => {
      const leaf = (tests: readonly ValueTest[]): Where =>
        labelOnly === true ? { ...valueLeaf(name, tests), labelOnly } : valueLeaf(name, tests);
      const isThere = labelOnly === true ? [leaf([{ kind: 'exists' }])] : [];
      return allOf([...isThere, satisfying(any, none, leaf)]);
    }),
    satisfying(text.any, text.none, (needles) => anyOf(needles.map(textLeaf))),
  ]);
}

function satisfying<T>(any: readonly T[], none: readonly T[], some: (of: readonly T[]) => Where): Where {
  return allOf([...(any.length === 0 ? [] : [some(any)]), not(some(none))]);
}
