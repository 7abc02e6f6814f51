/** A search text as data: what it means and where each part of it is. ./parser.ts makes it, ./print.ts writes it. */
import type { Operator } from '../../store/predicate.ts';

/** A part of the text: UTF-16 offsets, as in a JavaScript string. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export type SearchNode = { readonly range: Range } &
  /** No `all` in an `all`, no `any` in an `any`; of two or more, but for `all` of nothing, which is every line. */
  (
    | { readonly kind: 'all' | 'any'; readonly of: readonly SearchNode[] }
    | { readonly kind: 'not'; readonly of: SearchNode }
    /** A bare word, in any case and with a `*` between its parts; or a quoted text. */
    | { readonly kind: 'text'; readonly parts: readonly string[]; readonly isExact: boolean }
    | { readonly kind: 'regexp'; readonly regexp: SearchRegexp }
    /** One of the values, each whole. */
    | { readonly kind: 'field'; readonly name: string; readonly values: readonly SearchValue[] }
    | { readonly kind: 'compare'; readonly name: string; readonly operator: Operator; readonly operand: string }
  );

export interface SearchRegexp {
  readonly kind: 'regexp';
  readonly pattern: string;
  readonly ignoreCase: boolean;
}

/** A text, with a `*` between its parts; or an expression. */
export type SearchValue = { readonly kind: 'parts'; readonly parts: readonly string[] } | SearchRegexp;
