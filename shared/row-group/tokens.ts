/** The values that a line was cut into, as offsets: one object is used for line after line. */
import { SLOTS_MAX } from './format.ts';
import type { ValueKind } from './format.ts';

/** Value i is [starts[i], ends[i]) of the line's buffer. */
export class Tokens {
  readonly starts = new Int32Array(SLOTS_MAX);
  readonly ends = new Int32Array(SLOTS_MAX);
  readonly kinds = new Uint8Array(SLOTS_MAX);
  /** By value, its field; undefined where the key stands right before it: see `fieldOf` in template.ts. */
  readonly fields: (string | undefined)[] = [];
  count = 0;

  /** @param field  as in `fields` */
  add(start: number, end: number, kind: ValueKind, field: string | undefined): void {
    const at = this.count++;
    this.starts[at] = start;
    this.ends[at] = end;
    this.kinds[at] = kind;
    this.fields[at] = field;
  }
}
