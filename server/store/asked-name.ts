/**
 * How queries name what lines have: filters, groups, measures and columns alike.
 *
 *     user_id            the label of the stream or, where it has none, the field of the line
 *     label.pod          only the label
 *     field.query        only the field
 *     path.shape         the shapes of its values, in which ids are `{id}`; also field.path.shape
 *     latency_ms.log10   the buckets of its numbers, see log-buckets.ts; not in filters, which compare the numbers
 *     line.pattern       what kind of line it is, see line-pattern/line-pattern.ts
 *     \field.x           what is behind the backslash, as it is: the label or field `field.x`
 */
export interface AskedName {
  readonly name: string;
  /** Undefined for both: a label of the stream counts before a field of the line. */
  readonly only: 'label' | 'field' | undefined;
  readonly isShape: boolean;
  readonly isPattern: boolean;
  readonly isBucket: boolean;
}

/** The name under which lines are counted and found by their pattern. */
export const LINE_PATTERN = 'line.pattern';

const VERBATIM = '\\';
const SHAPE = '.shape';
const BUCKET = '.log10';
const PREFIXES = { label: 'label.', field: 'field.' } as const;

const PLAIN = { only: undefined, isShape: false, isPattern: false, isBucket: false } as const;

export function parseName(asked: string): AskedName {
  if (asked.startsWith(VERBATIM)) return { ...PLAIN, name: asked.slice(VERBATIM.length) };
  if (asked === LINE_PATTERN) return { ...PLAIN, name: asked, isPattern: true };
  const only = (['label', 'field'] as const).find((each) => asked.startsWith(PREFIXES[each]));
  const rest = only === undefined ? asked : asked.slice(PREFIXES[only].length);
  if (rest.endsWith(BUCKET)) return { ...PLAIN, name: rest.slice(0, -BUCKET.length), only, isBucket: true };
  const isShape = rest.endsWith(SHAPE);
  return { ...PLAIN, name: isShape ? rest.slice(0, -SHAPE.length) : rest, only, isShape };
}

/** Returns how a query asks for a label or field: a field `label.app` has a backslash before it. */
export function askedAs(name: string): string {
  const parsed = parseName(name);
  return parsed.name === name && !parsed.isPattern ? name : verbatim(name);
}

/** Returns how a query asks for a label or field whose name means something else to it. */
export function verbatim(name: string): string {
  return `${VERBATIM}${name}`;
}
