/**
 * Simplifies an expression that is only asked whether it matches, not what: a loop at either end may run as few times
 * as it can. `.*x` becomes `x`, and is not tried again from each character of a line.
 */
import type { RegexpNode } from './syntax.ts';

export function withoutIdleEnds(node: RegexpNode): RegexpNode {
  switch (node.kind) {
    case 'char':
    case 'class':
    case 'assert':
      return node;
    case 'alternate':
      return { kind: 'alternate', of: node.of.map(withoutIdleEnds) };
    case 'concat':
    case 'repeat': {
      const parts = node.kind === 'concat' ? flattened(node.of) : [node];
      return { kind: 'concat', of: withoutIdleStart(withoutIdleStart(parts).toReversed()).toReversed() };
    }
  }
}

/** Drops leading parts that may match nothing; a loop is reduced to its required repetitions. */
function withoutIdleStart(parts: readonly RegexpNode[]): RegexpNode[] {
  const first = parts.findIndex((part) => part.kind !== 'repeat' || part.min > 0);
  if (first < 0) return [];
  const [part, ...rest] = parts.slice(first);
  return part!.kind === 'repeat' ? [{ ...part!, max: part!.min }, ...rest] : [part!, ...rest];
}

export function flattened(nodes: readonly RegexpNode[]): RegexpNode[] {
  return nodes.flatMap((node) => (node.kind === 'concat' ? flattened(node.of) : [node]));
}
