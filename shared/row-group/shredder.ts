/**
 * The shredder cuts a line into template and values in one pass over its bytes.
 *
 * It keeps the templates seen so far in a trie: a node is a literal and the kind of the value behind it, a leaf is the
 * literal that ends the line. Matching a line walks the trie, comparing literals and skipping values; templates that
 * begin alike share the walk. Siblings are tried in order of last use. A line that falls off the trie is tokenized, and
 * its template added.
 *
 * The walk finds exactly what the tokenizer would: both use json-scan.ts, and a literal that is compared byte for byte
 * leaves nothing else to decide.
 */
import { KIND_TEXT } from './format.ts';
import { templateOf, TEXT_TEMPLATE, tokenize, Tokens, valueEndOf } from './template.ts';
import type { Template } from './template.ts';
import { stringEnd } from './json-scan.ts';

/** Nodes of the trie; a template of 13 fields adds at most 14. When it is full, further shapes are plain text. */
const NODES_MAX = 16_384;
/** Bytes of all literals, for the same reason. */
const LITERAL_BYTES_MAX = 1 << 20;
/** Alternatives after one value. Lines with keys that are data would make endless ones. */
const SIBLINGS_MAX = 64;
const KIND_END = KIND_TEXT;
const NONE = -1;
const ROOT = 0;
const OPEN_BRACE = 0x7b;

/** Template 0 of every shredder is the text template. */
export const TEXT_TEMPLATE_ID = 0;

export class Shredder {
  /** Templates by id. */
  templates: Template[] = [TEXT_TEMPLATE];
  /** Values of the line matched last: value i is [starts[i], ends[i]). */
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  readonly #tokens = new Tokens();
  readonly #literalStarts = new Int32Array(NODES_MAX);
  readonly #literalEnds = new Int32Array(NODES_MAX);
  readonly #kinds = new Uint8Array(NODES_MAX);
  readonly #firstChildren = new Int32Array(NODES_MAX);
  readonly #nextSiblings = new Int32Array(NODES_MAX);
  /** Template id of a leaf. */
  readonly #leaves = new Int32Array(NODES_MAX);
  #literals = new Uint8Array(1 << 14);
  #literalsUsed = 0;
  #nodes = 1;
  #full = false;

  constructor() {
    this.starts = this.#tokens.starts;
    this.ends = this.#tokens.ends;
    this.#firstChildren[ROOT] = NONE;
  }

  /** True when new shapes no longer find room; `reset` makes it. */
  get full(): boolean {
    return this.#full;
  }

  /** Forgets all templates but the text template: their ids are void. */
  reset(): void {
    this.templates = [TEXT_TEMPLATE];
    this.#firstChildren[ROOT] = NONE;
    this.#literalsUsed = 0;
    this.#nodes = 1;
    this.#full = false;
  }

  /** Finds the template of the line bytes[start, end) and sets `starts` and `ends`. Returns the template's id. */
  shred(bytes: Buffer, start: number, end: number): number {
    if (start < end && bytes[start] === OPEN_BRACE) {
      const known = this.#match(bytes, start, end);
      if (known >= 0) return known;
      if (!this.#full && tokenize(bytes, start, end, this.#tokens)) {
        const added = this.#add(templateOf(bytes, start, end, this.#tokens));
        if (added >= 0) return added;
      }
    }
    this.starts[0] = start;
    this.ends[0] = end;
    return TEXT_TEMPLATE_ID;
  }

  #match(bytes: Buffer, start: number, end: number): number {
    const { starts, ends } = this;
    const literals = this.#literals;
    const nextSiblings = this.#nextSiblings;
    let parent = ROOT;
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

  #moveToFront(parent: number, before: number, node: number): void {
    if (before === NONE) return;
    this.#nextSiblings[before] = this.#nextSiblings[node]!;
    this.#nextSiblings[node] = this.#firstChildren[parent]!;
    this.#firstChildren[parent] = node;
  }

  /** Adds a template that `#match` did not find. Returns its id, or -1 when there is no room. */
  #add(template: Template): number {
    const { literals, slots } = template;
    const id = this.templates.length;
    let parent = ROOT;
    for (let i = 0; i < literals.length; i++) {
      const kind = i < slots.length ? slots[i]!.kind : KIND_END;
      let node = this.#find(parent, literals[i]!, kind);
      if (node === NONE) node = this.#insert(parent, literals[i]!, kind, id);
      if (node === NONE) return -1;
      parent = node;
    }
    this.templates.push(template);
    return id;
  }

  #find(parent: number, literal: Buffer, kind: number): number {
    let node = this.#firstChildren[parent]!;
    for (; node !== NONE; node = this.#nextSiblings[node]!) {
      const start = this.#literalStarts[node]!;
      const end = this.#literalEnds[node]!;
      if (this.#kinds[node] === kind && literal.equals(this.#literals.subarray(start, end))) return node;
    }
    return NONE;
  }

  #insert(parent: number, literal: Buffer, kind: number, templateId: number): number {
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
