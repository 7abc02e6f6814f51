/**
 * How queries name what lines have: filters, groups, measures and columns alike.
 *
 *     user_id            the label of the stream or, where it has none, the field of the line
 *     label.pod          only the label
 *     field.query        only the field
 *     path.shape         the shapes of its values, in which ids are `{id}`; also field.path.shape
 *     latency_ms.log10   the buckets of its numbers, see log-buckets.ts; not in filters, which compare the numbers
 *     line.pattern       what kind of line it is, see line-pattern/line-pattern.ts
 *     restart            how often its container had been restarted when it wrote the line
 *     line.container     which container that was, whatever its pod is called: pod uid and container
 *     line.run           which run of it: pod uid, container and restart
 *     \field.x           what is behind the backslash, as it is: the label or field `field.x`
 */
export interface AskedName {
  readonly name: string;
  /** Undefined for both: a label of the stream counts before a field of the line. */
  readonly only: 'label' | 'field' | undefined;
  readonly isShape: boolean;
  readonly isPattern: boolean;
  readonly ofRun: OfRun | undefined;
  readonly isBucket: boolean;
  /** A label that `| json` of LogQL finds; of lines that satisfy a JsonLeaf which has it. */
  readonly isJson: boolean;
}

/** The name under which lines are counted and found by their pattern. */
export const LINE_PATTERN = 'line.pattern';

export const RESTART = 'restart';
export const LINE_CONTAINER = 'line.container';
export const LINE_RUN = 'line.run';

/** Names of what is known of the run that wrote a line. */
export const OF_RUN = [RESTART, LINE_CONTAINER, LINE_RUN] as const;
export type OfRun = (typeof OF_RUN)[number];

const VERBATIM = '\\';
const SHAPE = '.shape';
const BUCKET = '.log10';
const PREFIXES = { label: 'label.', field: 'field.' } as const;

/** No query of a person has it. */
const JSON_LABEL = '\0json.';

const PLAIN = {
  only: undefined,
  isShape: false,
  isPattern: false,
  ofRun: undefined,
  isBucket: false,
  isJson: false,
} as const;

export function parseName(asked: string): AskedName {
  if (asked.startsWith(VERBATIM)) return { ...PLAIN, name: asked.slice(VERBATIM.length) };
  if (asked.startsWith(JSON_LABEL)) {
    return { ...PLAIN, name: asked.slice(JSON_LABEL.length), only: 'field', isJson: true };
  }
  if (asked === LINE_PATTERN) return { ...PLAIN, name: asked, isPattern: true };
  const ofRun = OF_RUN.find((each) => each === asked);
  if (ofRun !== undefined) return { ...PLAIN, name: asked, ofRun };
  const only = (['label', 'field'] as const).find((each) => asked.startsWith(PREFIXES[each]));
  const rest = only === undefined ? asked : asked.slice(PREFIXES[only].length);
  if (rest.endsWith(BUCKET)) return { ...PLAIN, name: rest.slice(0, -BUCKET.length), only, isBucket: true };
  const isShape = rest.endsWith(SHAPE);
  return { ...PLAIN, name: isShape ? rest.slice(0, -SHAPE.length) : rest, only, isShape };
}

/** Returns how an aggregation asks for a label that `| json` of LogQL finds. */
export function jsonLabel(name: string): string {
  return `${JSON_LABEL}${name}`;
}

/** Whether a name is that of a label or field, as it is. */
export function isPlainName(asked: string): boolean {
  const { name, isPattern, ofRun } = parseName(asked);
  return name === asked && !isPattern && ofRun === undefined;
}

/** Returns how a query asks for a label or field: a field `label.app` has a backslash before it. */
export function askedAs(name: string): string {
  return isPlainName(name) ? name : verbatim(name);
}

/** Returns how a query asks for the shapes of the values of a name, as it asks for these. */
export function shapesOf(asked: string): string {
  return `${asked}${SHAPE}`;
}

/** Returns how a query asks for a label or field whose name means something else to it. */
export function verbatim(name: string): string {
  return `${VERBATIM}${name}`;
}
