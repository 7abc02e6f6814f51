/** Expressions that match the empty text: V8 and RE2 differ on repeating them, and they match anywhere. */
import type { RegexpNode } from './syntax.ts';

/** Whether an expression may match the empty text. */
export function isNullable(node: RegexpNode): boolean {
  switch (node.kind) {
    case 'char':
    case 'class':
      return false;
    case 'assert':
      return true;
    case 'concat':
      return node.of.every(isNullable);
    case 'alternate':
      return node.of.some(isNullable);
    case 'repeat':
      return node.min === 0 || isNullable(node.of);
  }
}

/** Whether an expression repeats a part that may match the empty text. */
export function repeatsNothing(node: RegexpNode): boolean {
  switch (node.kind) {
    case 'char':
    case 'class':
    case 'assert':
      return false;
    case 'concat':
    case 'alternate':
      return node.of.some(repeatsNothing);
    case 'repeat':
      return isNullable(node.of) || repeatsNothing(node.of);
  }
}
