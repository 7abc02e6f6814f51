/**
 * The templates that a shredder has seen, as a trie: a node is a literal and the kind of the value after it, a leaf is
 * the literal that ends the line. Templates that begin alike share nodes. Siblings are tried in order of last use.
 *
 * There is a root for JSON, where the walk itself finds the ends of values, and one for each format of text, where they
 * are known. JSON's literals contain the names of fields; those of text may not, so there the name must match that of
 * the node.
 */
import { stringEnd } from './line-formats/json-scan.ts';
import { valueEndOf, type Template } from './template.ts';
import type { Tokens } from './line-formats/tokens.ts';

/** Nodes; a template of 13 fields adds at most 14. */
const NODES_MAX = 16_384;
/** Bytes of all literals, for the same reason. */
const LITERAL_BYTES_MAX = 1 << 20;
/** Alternatives after one value. Lines with keys that are data would make endless ones. */
const SIBLINGS_MAX = 64;
/** In place of a kind: the literal ends the line. */
const KIND_END = 255;
const NONE = -1;

/** Owns the nodes. Templates are identified by the ids passed to `add`. */
export class TemplateTrie {
  readonly #tokens: Tokens;
  readonly #roots: number;
  readonly #literalStarts = new Int32Array(NODES_MAX);
  readonly #literalEnds = new Int32Array(NODES_MAX);
  readonly #kinds = new Uint8Array(NODES_MAX);
  /** As in the tokens. */
  readonly #fields: (string | undefined)[] = [];
  readonly #firstChildren = new Int32Array(NODES_MAX);
  readonly #nextSiblings = new Int32Array(NODES_MAX);
  /** Template id of a leaf. */
  readonly #leaves = new Int32Array(NODES_MAX);
  #literals = new Uint8Array(1 << 14);
  #literalsUsed = 0;
  #nodes = 0;
  #full = false;

  /**
   * @param roots   their number
   * @param tokens  where `matchJson` stores its result, and from which `matchCut` reads
   */
  constructor(roots: number, tokens: Tokens) {
    this.#roots = roots;
    this.#tokens = tokens;
    this.reset();
  }

  /** Whether there is no room for new shapes until `reset`. */
  get full(): boolean {
    return this.#full;
  }

  reset(): void {
    this.#firstChildren.fill(NONE, 0, this.#roots);
    this.#literalsUsed = 0;
    this.#nodes = this.#roots;
    this.#full = false;
  }

  /**
   * Returns the template id of a line that may be a JSON object, whose values' starts and ends are in the tokens then;
   * or -1.
   */
  matchJson(root: number, bytes: Buffer, start: number, end: number): number {
    const { starts, ends } = this.#tokens;
    const literals = this.#literals;
    const nextSiblings = this.#nextSiblings;
    let parent = root;
    let at = start;
    for (let slot = 0; ; slot++) {
      let before = NONE;
      let node = this.#firstChildren[parent]!;
      for (; node !== NONE; before = node, node = nextSiblings[node]!) {
        const literalEnd = this.#literalEnds[node]!;
        let valueStart = at;
        let literalAt = this.#literalStarts[node]!;
        while (literalAt < literalEnd && bytes[valueStart] === literals[literalAt]) {
          literalAt++;
          valueStart++;
        }
        if (literalAt < literalEnd) continue;
        const kind = this.#kinds[node]!;
        if (kind === KIND_END) {
          if (valueStart !== end) continue;
          this.#moveToFront(parent, before, node);
          return this.#leaves[node]!;
        }
        const valueEnd = kind === 0 ? stringEnd(bytes, valueStart, end) : valueEndOf(kind, bytes, valueStart, end);
        if (valueEnd < 0) continue;
        starts[slot] = valueStart;
        ends[slot] = valueEnd;
        at = valueEnd;
        break;
      }
      if (node === NONE) return -1;
      if (before !== NONE) this.#moveToFront(parent, before, node);
      parent = node;
    }
  }

  /** Returns the template id of a line that is cut already, or -1. */
  matchCut(root: number, bytes: Buffer, start: number, end: number): number {
    const { starts, ends, kinds, fields, count } = this.#tokens;
    let parent = root;
    let at = start;
    for (let slot = 0; slot <= count; slot++) {
      const literalEnd = slot < count ? starts[slot]! : end;
      const kind = slot < count ? kinds[slot]! : KIND_END;
      const field = slot < count ? fields[slot] : undefined;
      const node = this.#child(parent, bytes, at, literalEnd, kind, field);
      if (node === NONE) return -1;
      at = ends[slot]!;
      parent = node;
    }
    return this.#leaves[parent]!;
  }

  #child(parent: number, bytes: Buffer, start: number, end: number, kind: number, field: string | undefined): number {
    const literals = this.#literals;
    const length = end - start;
    let before = NONE;
    let node = this.#firstChildren[parent]!;
    for (; node !== NONE; before = node, node = this.#nextSiblings[node]!) {
      const literalStart = this.#literalStarts[node]!;
      if (this.#kinds[node] !== kind || this.#literalEnds[node]! - literalStart !== length) continue;
      if (this.#fields[node] !== field) continue;
      let i = 0;
      while (i < length && bytes[start + i] === literals[literalStart + i]) i++;
      if (i < length) continue;
      this.#moveToFront(parent, before, node);
      return node;
    }
    return NONE;
  }

  #moveToFront(parent: number, before: number, node: number): void {
    if (before === NONE) return;
    this.#nextSiblings[before] = this.#nextSiblings[node]!;
    this.#nextSiblings[node] = this.#firstChildren[parent]!;
    this.#firstChildren[parent] = node;
  }

  /** Adds the template of the line that was cut, when it was not found. Returns false when there is no room. */
  add(root: number, { literals, slots }: Template, id: number): boolean {
    let parent = root;
    for (const [i, literal] of literals.entries()) {
      const kind = i < slots.length ? slots[i]!.kind : KIND_END;
      const field = i < slots.length ? this.#tokens.fields[i] : undefined;
      let node = this.#child(parent, literal, 0, literal.length, kind, field);
      if (node === NONE) node = this.#insert(parent, literal, kind, field, id);
      if (node === NONE) return false;
      parent = node;
    }
    return true;
  }

  #insert(parent: number, literal: Buffer, kind: number, field: string | undefined, templateId: number): number {
    let siblings = 0;
    for (let node = this.#firstChildren[parent]!; node !== NONE; node = this.#nextSiblings[node]!) siblings++;
    if (this.#nodes === NODES_MAX || this.#literalsUsed + literal.length > LITERAL_BYTES_MAX) {
      this.#full = true;
      return NONE;
    }
    if (siblings === SIBLINGS_MAX) return NONE;
    const node = this.#nodes++;
    this.#literalStarts[node] = this.#literalsUsed;
    this.#appendLiteral(literal);
    this.#literalEnds[node] = this.#literalsUsed;
    this.#kinds[node] = kind;
    this.#fields[node] = field;
    this.#leaves[node] = templateId;
    this.#firstChildren[node] = NONE;
    this.#nextSiblings[node] = this.#firstChildren[parent]!;
    this.#firstChildren[parent] = node;
    return node;
  }

  #appendLiteral(literal: Buffer): void {
    const used = this.#literalsUsed + literal.length;
    if (used > this.#literals.length) {
      const larger = new Uint8Array(Math.max(used, this.#literals.length * 2));
      larger.set(this.#literals);
      this.#literals = larger;
    }
    this.#literals.set(literal, this.#literalsUsed);
    this.#literalsUsed = used;
  }
}
