/** The values that a line was cut into, as offsets: one object is used for line after line. */
import { KIND_PLAIN, SLOTS_MAX } from '../format.ts';
import type { ValueKind } from '../format.ts';

/** Value i is [starts[i], ends[i]) of the line's buffer. */
export class Tokens {
  readonly starts = new Int32Array(SLOTS_MAX);
  readonly ends = new Int32Array(SLOTS_MAX);
  readonly kinds = new Uint8Array(SLOTS_MAX);
  /**
   * By value, its field. Where the preceding bytes contain its name, as in JSON, it is undefined unless the tokens are
   * named: lines with the same bytes between their values have the same names, so a name is made once for a template.
   */
  readonly fields: (string | undefined)[] = [];
  readonly areNamed: boolean;
  count = 0;
  /** Number of values that are members of objects. */
  members = 0;
  /** Whether everything that was cut as an object is JSON. */
  isJson = true;
  /** Whether an array without its end was found: the line is not searched for the end of another one. */
  isUnclosed = false;

  constructor(options: { areNamed: boolean }) {
    this.areNamed = options.areNamed;
  }

  reset(): void {
    this.count = 0;
    this.members = 0;
    this.isJson = true;
    this.isUnclosed = false;
  }

  /** @param field  as in `fields` */
  add(start: number, end: number, kind: ValueKind, field: string | undefined): void {
    const at = this.count++;
    this.starts[at] = start;
    this.ends[at] = end;
    this.kinds[at] = kind;
    this.fields[at] = field;
  }

  /** Extends the last value to the end of the line, which has more values than a template. */
  addRest(end: number): void {
    const last = this.count - 1;
    this.ends[last] = end;
    this.kinds[last] = KIND_PLAIN;
    this.fields[last] = '';
    this.isJson = false;
  }
}
