/** Facets by name: the number of lines with each label or field, and its values, within a fixed number of bytes. */
import { FACET_NAMES_MAX, FACET_VALUES_MAX, FACETS_BYTES_MAX } from '../../../limits.ts';
import type { Facet, FacetCounts } from '../../../store/facets.ts';

/** Names whose values are not counted. It is asked, and never listed: there may be many in each of many row groups. */
export type Ids = Pick<ReadonlySet<string>, 'has'> | 'all';

interface OpenFacet {
  readonly name: string;
  rows: number;
  values: Map<string, number> | undefined;
  valuesBytes: number;
}

const NO_IDS: Ids = new Set();

/** Memory of a name or value besides its characters: objects, hash table, number. */
const ENTRY_BYTES = 96;

export class FacetTable {
  readonly #facets = new Map<string, OpenFacet>();
  #valuesMax = FACET_VALUES_MAX;
  #bytes = 0;
  #isCut = false;
  readonly #ids: Ids;

  /** @param ids  names whose values are not counted, because there are known to be too many, or none is asked for */
  constructor(ids: Ids = NO_IDS) {
    this.#ids = ids;
  }

  /** Adds lines that have a name, without their values, which are too many. */
  addId(name: string, rows: number): void {
    const facet = this.#open(name);
    if (facet === undefined) return;
    facet.rows += rows;
    this.#dropValues(facet);
  }

  /** Adds lines with a value. */
  addValue(name: string, value: string, rows: number): void {
    const facet = this.#open(name);
    if (facet === undefined) return;
    facet.rows += rows;
    const { values } = facet;
    if (values === undefined) return;
    const known = values.get(value);
    values.set(value, (known ?? 0) + rows);
    if (known !== undefined) return;
    if (values.size > this.#valuesMax) return this.#dropValues(facet);
    const bytes = bytesOf(value);
    facet.valuesBytes += bytes;
    this.#grow(bytes);
  }

  add({ facets, valuesMax, isCut }: FacetCounts): void {
    this.#isCut ||= isCut;
    this.#limitValues(Math.min(valuesMax, this.#valuesMax));
    for (const { name, rows, values } of facets) {
      if (values === undefined) this.addId(name, rows);
      // Entries of the map would be garbage.
      else values.forEach((count, value) => this.addValue(name, value, count));
    }
  }

  /** Whether the values of a name are left uncounted, because there are too many of them or no room for the name. */
  isId(name: string): boolean {
    const facet = this.#facets.get(name);
    if (facet !== undefined) return facet.values === undefined;
    return this.#facets.size === FACET_NAMES_MAX || this.#isKnownId(name);
  }

  get memoryBytes(): number {
    return this.#bytes;
  }

  ids(): readonly string[] | 'all' {
    if (this.#ids === 'all') return 'all';
    return [...this.#facets.values()].flatMap(({ name, values }) => (values === undefined ? [name] : []));
  }

  #isKnownId(name: string): boolean {
    return this.#ids === 'all' || this.#ids.has(name);
  }

  counts(): FacetCounts {
    const facets: Facet[] = [];
    for (const { name, rows, values } of this.#facets.values()) if (rows > 0) facets.push({ name, rows, values });
    return { facets, valuesMax: this.#valuesMax, isCut: this.#isCut };
  }

  /** Returns undefined where there is no room for another name. */
  #open(name: string): OpenFacet | undefined {
    let facet = this.#facets.get(name);
    if (facet !== undefined) return facet;
    if (this.#facets.size === FACET_NAMES_MAX) {
      this.#isCut = true;
      return undefined;
    }
    const values = this.#isKnownId(name) ? undefined : new Map<string, number>();
    this.#facets.set(name, (facet = { name, rows: 0, values, valuesBytes: 0 }));
    this.#grow(bytesOf(name));
    return facet;
  }

  /** Counts fewer values of each name when all of them take too much memory. */
  #grow(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > FACETS_BYTES_MAX && this.#valuesMax > 0) this.#limitValues(Math.floor(this.#valuesMax / 2));
  }

  #limitValues(valuesMax: number): void {
    if (valuesMax === this.#valuesMax) return;
    this.#valuesMax = valuesMax;
    for (const facet of this.#facets.values()) {
      if (facet.values !== undefined && facet.values.size > valuesMax) this.#dropValues(facet);
    }
  }

  #dropValues(facet: OpenFacet): void {
    this.#bytes -= facet.valuesBytes;
    facet.values = undefined;
    facet.valuesBytes = 0;
  }
}

function bytesOf(text: string): number {
  return ENTRY_BYTES + 2 * text.length;
}
