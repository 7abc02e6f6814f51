/** What may be typed next in a query: where the caret is, read from the text before it, which need not be whole. */

export type Wanted =
  /** A label of streams, of those that the matchers before it select. */
  | { readonly kind: 'label'; readonly selector: string }
  | { readonly kind: 'label-value'; readonly name: string; readonly selector: string }
  /** A label or a field of the lines of the query so far. */
  | { readonly kind: 'field'; readonly query: string; readonly withStages: boolean }
  | { readonly kind: 'field-value'; readonly name: string; readonly query: string }
  | { readonly kind: 'function' }
  | { readonly kind: 'grouping' }
  | { readonly kind: 'range' };

export type LogqlContext = Wanted & {
  /** Index of what a completion replaces, up to the caret. */
  readonly start: number;
  readonly part: string;
};

interface Place {
  /** Index of the first character of the text in quotes that the caret is in. */
  readonly quoted: number | undefined;
  /** The sign that opened it. */
  readonly quote: string;
  readonly isComment: boolean;
  /** Indexes of what is open, the innermost last. */
  readonly open: readonly number[];
  /** Of the selector before the caret, which may have ended. */
  readonly brace: number | undefined;
}

export function logqlContextAt(text: string, caret: number): LogqlContext | undefined {
  const before = text.slice(0, caret);
  const place = placeOf(before);
  if (place.isComment) return undefined;
  const inner = place.open.at(-1);
  const sign = inner === undefined ? '' : before[inner]!;
  if (sign === '[') return { kind: 'range', ...wordAt(before, /\w*$/) };
  if (sign === '{') return inBraces(before, inner!, place);
  if (sign === '(' && /\b(?:by|without|on|ignoring)\s*\($/.test(before.slice(0, inner! + 1))) {
    const selector = place.brace === undefined ? undefined : before.slice(place.brace);
    return { kind: 'field', query: queryIn(selector ?? text), withStages: false, ...wordAt(before, /\w*$/) };
  }
  if (isInPipeline(before, place)) return inPipeline(before, place);
  if (place.quoted !== undefined) return undefined;
  if (/\b(?:sum|avg|min|max|count|stddev|stdvar|topk|bottomk)\s+\w*$/.test(before)) {
    return { kind: 'grouping', ...wordAt(before, /\w*$/) };
  }
  const word = wordAt(before, /\w*$/);
  // A function stands where a value may begin.
  const mayBegin = /(?:^|[(,+\-*/%^<>=]|\b(?:and|or|unless|bool))\s*$/.test(before.slice(0, word.start));
  return mayBegin ? { kind: 'function', ...word } : undefined;
}

function placeOf(before: string): Place {
  const open: number[] = [];
  let brace: number | undefined;
  for (let at = 0; at < before.length; at++) {
    const char = before[at]!;
    if (char === '#') {
      const end = before.indexOf('\n', at);
      if (end < 0) return { quoted: undefined, quote: '', isComment: true, open, brace };
      at = end;
    } else if (char === '"' || char === '`') {
      const end = endOfQuoted(before, at);
      if (end === undefined) return { quoted: at + 1, quote: char, isComment: false, open, brace };
      at = end;
    } else if (char === '{' || char === '(' || char === '[') {
      if (char === '{') brace = at;
      open.push(at);
    } else if (char === '}' || char === ')' || char === ']') open.pop();
  }
  return { quoted: undefined, quote: '', isComment: false, open, brace };
}

function endOfQuoted(text: string, start: number): number | undefined {
  const quote = text[start]!;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\' && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  return undefined;
}

function inBraces(before: string, brace: number, { quoted }: Place): LogqlContext | undefined {
  const end = quoted === undefined ? before.length : quoted - 1;
  const matcher = /(?:^|,)\s*(\w*)\s*([=!]?[=~]?)\s*$/.exec(before.slice(brace + 1, end));
  if (matcher === null) return undefined;
  const [whole, name, operator] = matcher as unknown as [string, string, string];
  const selector = `${before.slice(brace, end - whole.length)}}`;
  const matchers = selector === '{}' ? '' : selector;
  if (quoted === undefined) {
    return operator === ''
      ? { kind: 'label', selector: matchers, start: before.length - name.length, part: name }
      : undefined;
  }
  return { kind: 'label-value', name, selector: matchers, start: quoted, part: before.slice(quoted) };
}

/** Whether the caret is in the stages after a selector, which end with what the selector is in. */
function isInPipeline(before: string, { brace }: Place): boolean {
  if (brace === undefined) return false;
  let depth = 0;
  let hasStage = false;
  for (let at = brace; at < before.length; at++) {
    const char = before[at]!;
    if (char === '"' || char === '`') at = endOfQuoted(before, at) ?? before.length;
    else if (char === '|') hasStage = true;
    else if (char === '(' || char === '{' || char === '[') depth++;
    else if ((char === ')' || char === '}' || char === ']') && --depth < 0) return false;
  }
  return hasStage;
}

function inPipeline(before: string, { quoted, brace = 0 }: Place): LogqlContext | undefined {
  if (quoted !== undefined) {
    const [, name] = /(?:[|,(]|\b(?:and|or))\s*(\w+)\s*[=!]?[=~]\s*$/.exec(before.slice(brace, quoted - 1)) ?? [];
    if (name === undefined) return undefined;
    const query = queryUpToStage(before.slice(brace, quoted - 1));
    return { kind: 'field-value', name, query, start: quoted, part: before.slice(quoted) };
  }
  const word = wordAt(before, /\w*$/);
  const rest = before.slice(brace, word.start);
  const isStage = /\|\s*$/.test(rest) && !/\|\|\s*$/.test(rest);
  if (isStage) return { kind: 'field', query: queryUpToStage(rest), withStages: true, ...word };
  if (!/(?:\b(?:unwrap|drop|keep|and|or)|,|\()\s*$/.test(rest)) return undefined;
  return { kind: 'field', query: queryUpToStage(rest), withStages: false, ...word };
}

/** The query up to the stage that is being typed. */
function queryUpToStage(query: string): string {
  let end = query.length;
  for (let at = 0; at < query.length; at++) {
    const char = query[at]!;
    if (char === '"' || char === '`') at = endOfQuoted(query, at) ?? query.length;
    else if (char === '|' && !/[=~>]/.test(query[at + 1] ?? '')) end = at;
  }
  return query.slice(0, end).trim();
}

/** The first selector of a text. */
function queryIn(text: string): string {
  return /\{[^{}]*\}/.exec(text)?.[0] ?? '{}';
}

function wordAt(before: string, word: RegExp): { readonly start: number; readonly part: string } {
  const part = word.exec(before)![0];
  return { start: before.length - part.length, part };
}
