/**
 * The shredder cuts a line into template and values, and remembers the templates seen so far.
 *
 * A JSON object is predicted to have a known template: the trie of templates is walked along the line's bytes,
 * comparing literals and skipping values, in one pass. A line that falls off the trie is cut (cut-line.ts), and its
 * template added. The walk finds exactly what the cutter would: both use line-formats/json-scan.ts, and a literal that is compared
 * byte for byte leaves nothing else to decide. Text, and objects that are not JSON, are cut first, and their template
 * is looked up afterwards.
 */
import { cutLine, JSON_FORMAT, LINE_FORMATS } from './line-formats/cut-line.ts';
import { PLAIN_TEMPLATE, templateOf, TEXT_TEMPLATE, type Template } from './template.ts';
import { TemplateTrie } from './template-trie.ts';
import type { Parser } from './line-formats/cut-text.ts';
import { Tokens } from './line-formats/tokens.ts';

const OPEN_BRACE = 0x7b;

/** The first templates of every shredder. */
export const TEXT_TEMPLATE_ID = 0;
export const PLAIN_TEMPLATE_ID = 1;
const FIRST_TEMPLATES: readonly Template[] = [TEXT_TEMPLATE, PLAIN_TEMPLATE];

export class Shredder {
  /** Templates by id. */
  templates: Template[] = [...FIRST_TEMPLATES];
  /** Whether the line matched last is a JSON object, or begins like one, with a new shape. */
  isNewObject = false;
  /** Values of the line matched last: value i is [starts[i], ends[i]). */
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  readonly #tokens = new Tokens({ areNamed: false });
  readonly #namedTokens = new Tokens({ areNamed: true });
  readonly #trie = new TemplateTrie(LINE_FORMATS, this.#tokens);

  constructor() {
    this.starts = this.#tokens.starts;
    this.ends = this.#tokens.ends;
  }

  /** Whether there is no room for new shapes until `reset`. */
  get full(): boolean {
    return this.#trie.full;
  }

  /** Discards all templates except the first ones: their ids become invalid. */
  reset(): void {
    this.templates = [...FIRST_TEMPLATES];
    this.#trie.reset();
  }

  /** Finds the template of the line bytes[start, end) and sets `starts` and `ends`. Returns the template's id. */
  shred(bytes: Buffer, start: number, end: number, parser: Parser = 'auto'): number {
    this.isNewObject = false;
    const id = this.#templateIdOf(bytes, start, end, parser);
    if (id === TEXT_TEMPLATE_ID || id === PLAIN_TEMPLATE_ID) {
      this.starts[0] = start;
      this.ends[0] = end;
    }
    return id;
  }

  #templateIdOf(bytes: Buffer, start: number, end: number, parser: Parser): number {
    if (start < end && bytes[start] === OPEN_BRACE && (parser === 'auto' || parser === 'json')) {
      const known = this.#trie.matchJson(JSON_FORMAT, bytes, start, end);
      if (known >= 0) return known;
      this.isNewObject = true;
    }
    const format = cutLine(parser, bytes, start, end, this.#tokens);
    if (format < 0) return PLAIN_TEMPLATE_ID;
    const known = format === JSON_FORMAT ? -1 : this.#trie.matchCut(format, bytes, start, end);
    if (known >= 0) return known;
    return this.full ? TEXT_TEMPLATE_ID : this.#add(format, parser, bytes, start, end);
  }

  /**
   * Returns the id of the new template of the line that was just cut; that of the text template when there is no room
   * for it.
   */
  #add(format: number, parser: Parser, bytes: Buffer, start: number, end: number): number {
    cutLine(parser, bytes, start, end, this.#namedTokens);
    const template = templateOf(bytes, start, end, this.#namedTokens);
    const id = this.templates.length;
    if (!this.#trie.add(format, template, id)) return TEXT_TEMPLATE_ID;
    this.templates.push(template);
    return id;
  }
}
