/**
 * Regular expressions of label filters as Loki reads them: of the whole value, unless they are made of texts and `.*` alone.
 * Those it searches for the texts, anywhere in the value: `| status =~ "5.*"` finds 151, too. Texts that begin alike, as
 * Go's parser joins them, are searched for as well: `warn|warning` finds `forewarned`, `GET|POST` finds only these two.
 * Source: Simplify in Loki's pkg/logql/log/filter.go, and factor in Go's regexp/syntax/parse.go.
 */
import { quotedPattern } from '../../../../shared/regexp/quoted-pattern.ts';

type Node =
  | { readonly kind: 'text'; readonly text: string; readonly ignoresCase: boolean }
  /** `.*` and `.+` */
  | { readonly kind: 'any' | 'some' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'concat' | 'alternate'; readonly of: readonly Node[] }
  /** A group with a number: it is not joined with what is beside it. */
  | { readonly kind: 'group'; readonly of: Node };
type Text = Extract<Node, { kind: 'text' }>;

/** What is looked for: any of these. */
type Search = readonly (
  { readonly kind: 'everything' | 'not empty' } | { readonly kind: 'contains' | 'equals'; readonly text: Text }
)[];

/** Parts of a concatenation that Loki takes apart. */
const PARTS_MAX = 3;

/** Returns an expression to search a value for. */
export function labelFilterPattern(value: string): string {
  const node = new Parser(value).parsed();
  const search = node && searchOf(node);
  if (search === undefined || search.every(({ kind }) => kind === 'equals')) return `^(?:${value})$`;
  if (search.some(({ kind }) => kind === 'everything')) return '';
  return search.map(patternOf).join('|');
}

function patternOf(each: Search[number]): string {
  if (!('text' in each)) return each.kind === 'everything' ? '' : '(?s:.)';
  const text = quotedPattern(each.text.text);
  const pattern = each.text.ignoresCase ? `(?i:${text})` : text;
  return each.kind === 'equals' ? `^${pattern}$` : pattern;
}

/** Returns undefined for an expression that Loki leaves as it is. */
function searchOf(node: Node): Search | undefined {
  switch (node.kind) {
    case 'group':
      return searchOf(node.of);
    case 'empty':
    case 'any':
      return [{ kind: 'everything' }];
    case 'some':
      return [{ kind: 'not empty' }];
    case 'text':
      return [{ kind: 'equals', text: node }];
    case 'alternate':
      return all(node.of.map(searchOf));
    case 'concat':
      return concatSearch(node.of, undefined);
  }
}

function all(searches: readonly (Search | undefined)[]): Search | undefined {
  return searches.every((each) => each !== undefined) ? searches.flat() : undefined;
}

/** @param before  the text before these parts */
function concatSearch(parts: readonly Node[], before: Text | undefined): Search | undefined {
  const kept = parts.map(ungrouped).filter(({ kind }) => kind !== 'empty');
  if (kept.length > PARTS_MAX) return undefined;
  let text = before;
  let isTextThere = false;
  let found: Search | undefined;
  for (const part of kept) {
    if (part.kind === 'any') continue;
    if (part.kind === 'text' && !isTextThere) {
      isTextThere = true;
      text = { ...part, text: (text?.text ?? '') + part.text };
    } else if (part.kind === 'alternate' && text !== undefined) {
      const base = text;
      const more = all(part.of.map((each) => alternativeSearch(ungrouped(each), base)));
      if (more === undefined) return undefined;
      found = [...(found ?? []), ...more];
    } else return undefined;
  }
  return found ?? (text && [{ kind: 'contains', text }]);
}

function alternativeSearch(node: Node, base: Text): Search | undefined {
  if (node.kind === 'empty' || node.kind === 'any') return [{ kind: 'contains', text: base }];
  if (node.kind === 'concat') return concatSearch(node.of, base);
  if (node.kind !== 'text' || (node.ignoresCase && !base.ignoresCase)) return undefined;
  return [{ kind: 'contains', text: { ...base, text: base.text + node.text } }];
}

function ungrouped(node: Node): Node {
  return node.kind === 'group' ? ungrouped(node.of) : node;
}

const ATOM = /\.[*+]\??|\\([^\p{L}\p{N}])|\[([^\\\]^[])\]|[^\\.[\](){}|*+?^$]/uy;
const GROUP = /\((\?(i)?:)?/y;
const IGNORES_CASE = /^\(\?i\)/;

/** Parses what an expression of texts, `.*`, groups and alternatives is made of, as Go joins its parts. */
class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** Returns undefined for an expression with anything else. */
  parsed(): Node | undefined {
    const ignoresCase = IGNORES_CASE.test(this.#pattern);
    if (ignoresCase) this.#at = '(?i)'.length;
    const node = this.#alternatives(ignoresCase);
    return this.#at === this.#pattern.length ? node : undefined;
  }

  #alternatives(ignoresCase: boolean): Node | undefined {
    const branches: Node[] = [];
    do {
      const branch = this.#concat(ignoresCase);
      if (branch === undefined) return undefined;
      branches.push(...(branch.kind === 'alternate' ? branch.of : [branch]));
    } while (this.#take('|'));
    return alternate(branches);
  }

  #concat(ignoresCase: boolean): Node | undefined {
    const parts: Node[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = next === '(' ? this.#group(ignoresCase) : this.#atom(ignoresCase);
      if (atom === undefined || '*+?{'.includes(this.#peek() ?? ' ')) return undefined;
      const last = parts.at(-1);
      if (atom.kind === 'text' && last?.kind === 'text' && last.ignoresCase === atom.ignoresCase) {
        parts[parts.length - 1] = { ...atom, text: last.text + atom.text };
      } else if (atom.kind !== 'empty') parts.push(...(atom.kind === 'concat' ? atom.of : [atom]));
    }
    return concat(parts);
  }

  #group(ignoresCase: boolean): Node | undefined {
    const [, isPlain, flag] = this.#match(GROUP)!;
    if (isPlain === undefined && this.#peek() === '?') return undefined;
    const node = this.#alternatives(ignoresCase || flag !== undefined);
    if (node === undefined || !this.#take(')')) return undefined;
    return isPlain === undefined ? { kind: 'group', of: node } : node;
  }

  #atom(ignoresCase: boolean): Node | undefined {
    const match = this.#match(ATOM);
    if (match === null) return undefined;
    const [atom, escaped, single] = match;
    if (atom.startsWith('.')) return { kind: atom[1] === '*' ? 'any' : 'some' };
    return { kind: 'text', text: escaped ?? single ?? atom, ignoresCase };
  }

  #peek(): string | undefined {
    return this.#pattern[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#pattern);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }
}

function concat(parts: readonly Node[]): Node {
  return parts.length === 0 ? { kind: 'empty' } : parts.length === 1 ? parts[0]! : { kind: 'concat', of: parts };
}

/** Joins alternatives that begin alike; undefined where single characters become a class. */
function alternate(branches: readonly Node[]): Node | undefined {
  const joined: Node[] = [];
  for (let from = 0; from < branches.length;) {
    let prefix = leadingText(branches[from]!);
    let to = from + 1;
    for (; prefix !== undefined && to < branches.length; to++) {
      const common = commonPrefix(prefix, leadingText(branches[to]!));
      if (common === undefined) break;
      prefix = common;
    }
    if (to === from + 1) joined.push(branches[from]!);
    else {
      const { length } = prefix!.text;
      const rest = alternate(branches.slice(from, to).map((branch) => withoutLeading(branch, length)));
      if (rest === undefined) return undefined;
      joined.push({ kind: 'concat', of: [prefix!, rest] });
    }
    from = to;
  }
  const isClass = joined.some((node, i) => isCharacter(node) && i > 0 && isCharacter(joined[i - 1]!));
  if (isClass) return undefined;
  const kept = joined.filter(({ kind }, i) => kind !== 'empty' || joined[i - 1]?.kind !== 'empty');
  return kept.length === 1 ? kept[0]! : { kind: 'alternate', of: kept };
}

function isCharacter(node: Node): boolean {
  return node.kind === 'text' && Array.from(node.text).length === 1;
}

function leadingText(node: Node): Text | undefined {
  const first = node.kind === 'concat' ? node.of[0]! : node;
  return first.kind === 'text' ? first : undefined;
}

function commonPrefix(a: Text, b: Text | undefined): Text | undefined {
  if (b === undefined || a.ignoresCase !== b.ignoresCase) return undefined;
  const [left, right] = a.ignoresCase ? [a.text.toLowerCase(), b.text.toLowerCase()] : [a.text, b.text];
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return length === 0 ? undefined : { ...a, text: a.text.slice(0, length) };
}

function withoutLeading(node: Node, length: number): Node {
  const [first, ...rest] = node.kind === 'concat' ? node.of : [node];
  const { text, ignoresCase } = first as Text;
  return concat([
    ...(text.length === length ? [] : [{ kind: 'text', text: text.slice(length), ignoresCase } as const]),
    ...rest,
  ]);
}
