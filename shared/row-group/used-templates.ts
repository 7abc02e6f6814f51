/**
 * The templates of a group that is being built, and the places of the values of its rows. Templates with metadata are those of a
 * line and of a list of names.
 */
import { METADATA_MAX, SLOTS_MAX, TEMPLATE_SLOTS_MAX, TEMPLATES_MAX } from './format.ts';
import { PLAIN_TEMPLATE_ID, type Shredder, TEXT_TEMPLATE_ID } from './shredder.ts';
import { type Template, withMetadata } from './template.ts';

const WHOLE_IDS = [TEXT_TEMPLATE_ID, PLAIN_TEMPLATE_ID];

/** Lists of names that a group may have: more than there can be templates. */
const NAME_LISTS_MAX = 1 << 16;

/** Rows whose values have room at first. */
const ROWS_AT_FIRST = 16;

/** Values of the rows of one template: start and end of each slot, row after row. */
export interface TemplateValues {
  /** Within the group; −1 when it has no row of the template. */
  code: number;
  readonly slots: number;
  /** The last slots are those of metadata. */
  readonly metadataCount: number;
  rows: number;
  refs: Int32Array;
}

/** Metadata of a row: value i is [starts[i], ends[i]) of the arena. */
export interface RowMetadata {
  /** Code of their names. */
  readonly names: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export class UsedTemplates {
  readonly #shredder: Shredder;
  /** By template id of the shredder. */
  #ofLines: TemplateValues[] = [];
  /** By template id of the shredder and code of its names. */
  readonly #annotated = new Map<number, TemplateValues>();
  /** By code within the group. */
  #used: { readonly template: Template; readonly values: TemplateValues }[] = [];
  #usedSlots = 0;
  /** Lists of the names of metadata. */
  #names: (readonly string[])[] = [];
  readonly #codeOfNames = new Map<string, number>();

  constructor(shredder: Shredder) {
    this.#shredder = shredder;
  }

  /** By code within the group. */
  get templates(): Template[] {
    return this.#used.map(({ template }) => template);
  }

  valuesOf(code: number): TemplateValues {
    return this.#used[code]!.values;
  }

  /** Whether a template with metadata may not fit any more. */
  get isCrowded(): boolean {
    const slots = this.#usedSlots + SLOTS_MAX + METADATA_MAX + WHOLE_IDS.length;
    return this.#used.length + WHOLE_IDS.length >= TEMPLATES_MAX || slots > TEMPLATE_SLOTS_MAX;
  }

  /** Returns the code of a list of names, which is valid until `reset`. */
  addNames(names: readonly string[]): number {
    const key = JSON.stringify(names);
    let code = this.#codeOfNames.get(key);
    if (code === undefined) {
      if (this.#names.length === NAME_LISTS_MAX) throw new RangeError('BUG: too many lists of names in a row group');
      code = this.#names.push(names) - 1;
      this.#codeOfNames.set(key, code);
    }
    return code;
  }

  /** Returns the values of a template of lines; undefined when it does not fit. That of whole lines always does. */
  used(id: number): TemplateValues | undefined {
    const { templates } = this.#shredder;
    while (this.#ofLines.length <= id) this.#ofLines.push(noValues(templates[this.#ofLines.length]!.slots.length, 0));
    const values = this.#ofLines[id]!;
    return values.code >= 0 || this.#use(id, templates[id]!, values) ? values : undefined;
  }

  /** Returns the values of such a template with metadata, which fits where the group is not crowded. */
  annotated(id: number, names: number): TemplateValues {
    const key = id * NAME_LISTS_MAX + names;
    let values = this.#annotated.get(key);
    if (values === undefined) {
      const template = withMetadata(this.#shredder.templates[id]!, this.#names[names]!);
      values = noValues(template.slots.length, this.#names[names]!.length);
      if (!this.#use(undefined, template, values)) throw new RangeError('BUG: a row with metadata does not fit');
      this.#annotated.set(key, values);
    }
    return values;
  }

  /** Begins another group. Values of known templates keep their memory. */
  reset(): void {
    for (const { values } of this.#used) {
      values.code = -1;
      values.rows = 0;
    }
    if (this.#shredder.full) {
      this.#shredder.reset();
      this.#ofLines = [];
    }
    this.#used = [];
    this.#usedSlots = 0;
    this.#names = [];
    this.#codeOfNames.clear();
    this.#annotated.clear();
  }

  /**
   * Gives a template a code in this group. The last codes are reserved for lines that are kept whole: these always fit.
   * @param id  of the shredder; undefined for one with metadata
   */
  #use(id: number | undefined, template: Template, values: TemplateValues): boolean {
    const reserved = WHOLE_IDS.filter((each) => each !== id && !((this.#ofLines[each]?.code ?? -1) >= 0)).length;
    if (this.#used.length + reserved >= TEMPLATES_MAX) return false;
    if (this.#usedSlots + values.slots + reserved > TEMPLATE_SLOTS_MAX) return false;
    this.#usedSlots += values.slots;
    values.code = this.#used.length;
    this.#used.push({ template, values });
    return true;
  }
}

function noValues(slots: number, metadataCount: number): TemplateValues {
  return { code: -1, slots, metadataCount, rows: 0, refs: new Int32Array(slots * 2 * ROWS_AT_FIRST) };
}

/** Adds the values of a row. @param line  where those of the line itself are */
export function appendValues(
  values: TemplateValues,
  { starts, ends }: Pick<Shredder, 'starts' | 'ends'>,
  metadata: RowMetadata | undefined,
): void {
  const { slots } = values;
  let at = values.rows * slots * 2;
  if (at + slots * 2 > values.refs.length) {
    const larger = new Int32Array(values.refs.length * 2);
    larger.set(values.refs);
    values.refs = larger;
  }
  const to = values.refs;
  const inLine = slots - values.metadataCount;
  for (let slot = 0; slot < inLine; slot++) {
    to[at++] = starts[slot]!;
    to[at++] = ends[slot]!;
  }
  for (let slot = inLine; slot < slots; slot++) {
    to[at++] = metadata!.starts[slot - inLine]!;
    to[at++] = metadata!.ends[slot - inLine]!;
  }
  values.rows++;
}

export function metadataBytes({ starts, ends }: RowMetadata, count: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += ends[i]! - starts[i]!;
  return bytes;
}

/** Appends the places of a slot's values. @returns the new end */
export function gather(
  from: TemplateValues,
  slotIndex: number,
  starts: Int32Array,
  ends: Int32Array,
  start: number,
): number {
  const stride = from.slots * 2;
  const { refs, rows } = from;
  let at = start;
  for (let row = 0, ref = slotIndex * 2; row < rows; row++, ref += stride) {
    starts[at] = refs[ref]!;
    ends[at++] = refs[ref + 1]!;
  }
  return at;
}
