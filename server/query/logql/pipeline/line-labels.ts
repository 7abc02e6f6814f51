/**
 * The labels of one line on its way through a pipeline: those of its stream, its structured metadata, and what stages have
 * found, set or dropped. A name that a stronger kind has already gets a suffix: the stream's labels are strongest, then
 * metadata, then what parsers find; the losers share one name, where parsed values win.
 */

export type Category = 'stream' | 'metadata' | 'parsed';

export const ERROR = '__error__';
export const ERROR_DETAILS = '__error_details__';
export const PRESERVE_ERROR = '__preserve_error__';
/** Suffix of labels whose names are taken. */
export const EXTRACTED = '_extracted';

export interface Label {
  readonly value: string;
  readonly category: Category;
}

export type LabelValues = readonly (readonly [name: string, value: string])[];

/** Structured metadata that is made of a line when it is asked for. */
interface MadeMetadata {
  readonly name: string;
  readonly valueOf: () => string;
}

export class LineLabels {
  #stream: ReadonlyMap<string, string> = new Map();
  /** Overrides the stream's labels; undefined for a label that was dropped. */
  readonly #own = new Map<string, Label | undefined>();
  /** Names that parsers have found in this line, or formats have set: what a later parser finds does not count. */
  readonly #extracted = new Set<string>();
  #made: MadeMetadata | undefined;
  #error = '';
  #details = '';

  /**
   * Begins with another line.
   * @param metadata  that was sent with it
   * @param made  counts only where none of its name was sent
   */
  reset(stream: ReadonlyMap<string, string>, metadata: LabelValues, made: MadeMetadata | undefined): void {
    this.#stream = stream;
    this.#made = made;
    this.#own.clear();
    this.#extracted.clear();
    for (const [name, value] of metadata) {
      if (name === made?.name) this.#made = undefined;
      this.#own.set(stream.has(name) ? name + EXTRACTED : name, { value, category: 'metadata' });
    }
    this.#error = '';
    this.#details = '';
  }

  #addMade(): void {
    const { name, valueOf } = this.#made!;
    this.#made = undefined;
    const own = this.#stream.has(name) ? name + EXTRACTED : name;
    if (!this.#own.has(own)) this.#own.set(own, { value: valueOf(), category: 'metadata' });
  }

  /** Whether a name is that of metadata which is not made yet. */
  #isPending(name: string): boolean {
    const pending = this.#made?.name;
    return pending !== undefined && (name === pending || name === pending + EXTRACTED);
  }

  /** Returns what filters compare: of errors, only those of the pipeline, whatever labels a line has. */
  compared(name: string): string | undefined {
    if (name === ERROR) return this.#error;
    return name === ERROR_DETAILS ? this.#details : this.get(name);
  }

  get(name: string): string | undefined {
    if (this.#error !== '') {
      if (name === ERROR) return this.#error;
      if (name === ERROR_DETAILS) return this.#details;
    }
    if (this.#isPending(name)) this.#addMade();
    return this.#own.has(name) ? this.#own.get(name)?.value : this.#stream.get(name);
  }

  labelOf(name: string): Label | undefined {
    if (this.#isPending(name)) this.#addMade();
    if (this.#own.has(name)) return this.#own.get(name);
    const value = this.#stream.get(name);
    return value === undefined ? undefined : { value, category: 'stream' };
  }

  set(name: string, value: string, category: Category = 'parsed'): void {
    if (this.#isPending(name)) this.#addMade();
    this.#own.set(name, { value, category });
    if (category === 'parsed') this.#extracted.add(name);
  }

  drop(name: string): void {
    if (this.#isPending(name)) this.#addMade();
    // A label that the line calls so itself stays.
    if (name === ERROR) return void (this.#error = '');
    if (name === ERROR_DETAILS) return void (this.#details = '');
    if (this.#stream.has(name)) this.#own.set(name, undefined);
    else this.#own.delete(name);
  }

  /** Returns the name under which a parser keeps a field; undefined where an earlier one has it. */
  claim(field: string, isWanted: (name: string) => boolean): string | undefined {
    const name = this.nameFor(field);
    return this.#extracted.has(name) || !isWanted(name) ? undefined : name;
  }

  nameFor(field: string): string {
    if (this.#isPending(field)) this.#addMade();
    const isTaken = this.#stream.has(field) || this.#own.get(field)?.category === 'metadata';
    return isTaken ? field + EXTRACTED : field;
  }

  get hasError(): boolean {
    return this.#error !== '';
  }

  get error(): string {
    return this.#error;
  }

  fail(error: string, details: string): void {
    this.#error = error;
    this.#details = details;
  }

  /** Returns all labels, sorted by name. */
  sorted(): [name: string, label: Label][] {
    if (this.#made !== undefined) this.#addMade();
    const all: [string, Label][] = [];
    for (const [name, value] of this.#stream) {
      if (!this.#own.has(name)) all.push([name, { value, category: 'stream' }]);
    }
    for (const [name, label] of this.#own) if (label !== undefined) all.push([name, label]);
    if (this.#error !== '') {
      all.push([ERROR, { value: this.#error, category: 'parsed' }]);
      if (this.#details !== '') all.push([ERROR_DETAILS, { value: this.#details, category: 'parsed' }]);
    }
    return all.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }

  values(): ReadonlyMap<string, string> {
    return new Map(this.sorted().map(([name, { value }]) => [name, value]));
  }
}
