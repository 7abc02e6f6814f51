/**
 * The same expression for the question whether there is a match, not for what it is: a loop at either end may do as few
 * rounds as it can. `.*x` asks for `x`, and is not tried again from each character of a line.
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

/** Parts that may match nothing go, up to one that may not; of a loop, what it must do is left. */
function withoutIdleStart(parts: readonly RegexpNode[]): RegexpNode[] {
  const first = parts.findIndex((part) => part.kind !== 'repeat' || part.min > 0);
  if (first < 0) return [];
  const [part, ...rest] = parts.slice(first);
  return part!.kind === 'repeat' ? [{ ...part!, max: part!.min }, ...rest] : [part!, ...rest];
}

export function flattened(nodes: readonly RegexpNode[]): RegexpNode[] {
  return nodes.flatMap((node) => (node.kind === 'concat' ? flattened(node.of) : [node]));
}
