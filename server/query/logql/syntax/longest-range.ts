/** How far before its steps a query looks. */
import type { Query } from './ast.ts';

/** Returns the longest of its ranges in nanoseconds, without offsets. */
export function longestRangeNs(query: Query): bigint {
  switch (query.kind) {
    case 'range':
      return query.range.rangeNs;
    case 'aggregate':
    case 'label_replace':
      return longestRangeNs(query.of);
    case 'binary': {
      const [left, right] = [longestRangeNs(query.left), longestRangeNs(query.right)];
      return left > right ? left : right;
    }
    case 'variants':
      return query.range.rangeNs;
    case 'log':
    case 'literal':
    case 'vector':
      return 0n;
  }
}
