/**
 * Label sets that headers of row groups share: a pod is in one row group after the other, and labels are a quarter of a
 * header. A set is known as long as a header that is kept has it.
 */
import { type Labels, labelsMemoryBytes } from '../../../../shared/labels.ts';
import type { LabelSets } from '../../../../shared/row-group/header.ts';

interface SharedSet {
  readonly key: string;
  readonly labels: Labels;
  /** Memory of the labels, at most. */
  readonly labelBytes: number;
  /** Headers that have it. */
  holders: number;
}

/** Memory of a set besides its labels and the bytes of its key: itself, and its place in the table. */
const SET_BYTES = 128;

export class SharedLabels {
  readonly #bytesMax: number;
  readonly #sets = new Map<string, SharedSet>();
  #bytes = 0;

  /** @param bytesMax  beyond, headers have labels of their own */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Returns what a header takes its labels from. */
  hold(): HeldLabels {
    return new HeldLabels(this);
  }

  find(key: string): SharedSet | undefined {
    return this.#sets.get(key);
  }

  /** Returns undefined where there is no room. */
  add(key: string, labels: Labels): SharedSet | undefined {
    const set = { key, labels, labelBytes: labelsMemoryBytes(labels), holders: 0 };
    if (this.#bytes + memoryBytesOf(set) > this.#bytesMax) return undefined;
    this.#sets.set(key, set);
    this.#bytes += memoryBytesOf(set);
    return set;
  }

  release(set: SharedSet): void {
    if (--set.holders > 0) return;
    this.#sets.delete(set.key);
    this.#bytes -= memoryBytesOf(set);
  }
}

function memoryBytesOf({ key, labelBytes }: SharedSet): number {
  return labelBytes + key.length + SET_BYTES;
}

/** Those of one header. */
export class HeldLabels implements LabelSets {
  readonly #shared: SharedLabels;
  #sets: SharedSet[] = [];

  constructor(shared: SharedLabels) {
    this.#shared = shared;
  }

  of(key: string, read: () => Labels): Labels {
    const known = this.#shared.find(key);
    const labels = known?.labels ?? read();
    const set = known ?? this.#shared.add(key, labels);
    if (set === undefined) return labels;
    set.holders++;
    this.#sets.push(set);
    return labels;
  }

  /** Memory of labels that is not the header's own. */
  get labelBytes(): number {
    return this.#sets.reduce((sum, { labelBytes }) => sum + labelBytes, 0);
  }

  /** Once the header is not kept any more; what it has stays valid. */
  release(): void {
    for (const set of this.#sets) this.#shared.release(set);
    this.#sets = [];
  }
}
