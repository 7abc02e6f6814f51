/** Log records of OpenTelemetry, as both of their encodings give them, and values as Loki writes them. */

/** AnyValue of opentelemetry/proto/common/v1. */
export type OtlpValue =
  | { readonly kind: 'empty' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'array'; readonly values: readonly OtlpValue[] }
  | { readonly kind: 'map'; readonly attributes: readonly OtlpAttribute[] };

export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export interface OtlpScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly droppedAttributes: number;
}

export interface OtlpRecord {
  /** Since 1970; 0 where it is not known. */
  readonly timeNs: bigint;
  readonly observedNs: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: OtlpValue;
  readonly attributes: readonly OtlpAttribute[];
  readonly droppedAttributes: number;
  readonly flags: number;
  /** In hexadecimal digits; empty where there is none. */
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
}

/** Is given what a request has, in its order: a resource, its scopes, and the records of each. */
export interface OtlpVisitor {
  beginResource(attributes: readonly OtlpAttribute[]): void;
  beginScope(scope: OtlpScope): void;
  record(record: OtlpRecord): void;
  endResource(): void;
}

export const EMPTY: OtlpValue = { kind: 'empty' };
export const NO_SCOPE: OtlpScope = { name: '', version: '', attributes: [], droppedAttributes: 0 };
export const NO_RECORD: OtlpRecord = {
  timeNs: 0n,
  observedNs: 0n,
  severityNumber: 0,
  severityText: '',
  body: EMPTY,
  attributes: [],
  droppedAttributes: 0,
  flags: 0,
  traceId: '',
  spanId: '',
  eventName: '',
};

/** Returns a value as a text: that of an array or a map is JSON. */
export function textOf(value: OtlpValue): string {
  switch (value.kind) {
    case 'empty':
      return '';
    case 'text':
      return value.text;
    case 'bool':
      return String(value.value);
    case 'int':
      return String(value.value);
    case 'double':
      return doubleText(value.value);
    case 'bytes':
      return value.bytes.toString('base64');
    case 'array':
    case 'map':
      return jsonOf(value);
  }
}

function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** As Go writes it: members by their names, of which the last counts, and what HTML reserves escaped. */
function jsonOf(value: OtlpValue): string {
  switch (value.kind) {
    case 'empty':
      return 'null';
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? doubleText(value.value) : quoted(doubleText(value.value));
    case 'text':
    case 'bytes':
      return quoted(textOf(value));
    case 'array':
      return `[${value.values.map(jsonOf).join()}]`;
    case 'map': {
      const members = new Map(value.attributes.map(({ key, value: own }) => [key, own]));
      const sorted = [...members].toSorted(([a], [b]) => (a < b ? -1 : 1));
      return `{${sorted.map(([key, own]) => `${quoted(key)}:${jsonOf(own)}`).join()}}`;
    }
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Calls for each value under its name: those of a map have its name before theirs. */
export function eachLeaf(
  attributes: readonly OtlpAttribute[],
  visit: (name: string, value: OtlpValue) => void,
  prefix = '',
): void {
  for (const { key, value } of attributes) {
    if (value.kind === 'map') eachLeaf(value.attributes, visit, `${prefix}${key}_`);
    else visit(prefix + key, value);
  }
}
