/** Validates saved positions before they are restored: names of files, and offsets that a file can have. */
import type { JsonValue } from '../../shared/json-value.ts';

/** Returns what is wrong, or undefined. See Positions.save for the form. */
export function positionsProblem(saved: JsonValue): string | undefined {
  if (saved === null) return undefined;
  if (!isRecord(saved) || !isRecord(saved['nodes']) || !Array.isArray(saved['keys'])) {
    return 'the positions have neither nodes nor keys';
  }
  // Older versions saved none.
  const { pushes = [] } = saved;
  if (!Array.isArray(pushes)) return 'the saved pushes';
  for (const [node, known] of Object.entries(saved['nodes'])) {
    if (!isRecord(known) || !isCount(known['seenMs']) || !isRecord(known['files'])) return `positions of node ${node}`;
    for (const [file, offsets] of Object.entries(known['files'])) {
      if (!isCounts(offsets, 2, 3)) return `the position of ${file} on node ${node}`;
    }
  }
  for (const key of saved['keys'] as readonly JsonValue[]) {
    const [file, ...counts] = Array.isArray(key) ? (key as readonly JsonValue[]) : [];
    if (typeof file !== 'string' || !isCounts(counts, 2, 2)) return 'a saved idempotency key';
  }
  for (const push of pushes as readonly JsonValue[]) {
    const [key, content, ...counts] = Array.isArray(push) ? (push as readonly JsonValue[]) : [];
    if (typeof key !== 'string' || typeof content !== 'string' || !isCounts(counts, 2, 2)) return 'a saved push';
  }
  return undefined;
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: JsonValue | undefined, lengthMin: number, lengthMax: number): boolean {
  return Array.isArray(value) && value.length >= lengthMin && value.length <= lengthMax && value.every(isCount);
}

function isCount(value: JsonValue | undefined): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
