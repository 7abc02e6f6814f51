/** The fields that lines have of their own, as Loki detects them in the newest ones: with a parser, a type and their values. */
import type { Query } from '../../store/query.ts';
import type { LogStream } from './logs.ts';
import { jsonPaths, jsonStage } from './pipeline/json.ts';
import { parseGoFloat } from './pipeline/label-filter.ts';
import { ERROR, ERROR_DETAILS, EXTRACTED, LineLabels, PRESERVE_ERROR } from './pipeline/line-labels.ts';
import { logfmtStage } from './pipeline/logfmt.ts';
import { EVERYTHING } from './pipeline/stage.ts';
import { Slices } from './slices.ts';
import { parseBytes, parseGoDuration } from './syntax/durations.ts';

type FieldType = 'int' | 'float' | 'boolean' | 'duration' | 'bytes' | 'string';

export interface DetectedField {
  readonly name: string;
  /** The type of the value that was found last. */
  readonly type: FieldType;
  readonly values: ReadonlySet<string>;
  /** Empty for structured metadata. */
  readonly parsers: readonly string[];
  /** Where it is in an object of JSON. */
  readonly jsonPath: readonly string[] | undefined;
}

interface Growing {
  type: FieldType;
  readonly values: Set<string>;
  readonly parsers: string[];
  jsonPath: readonly string[] | undefined;
}

const FIELD_BYTES = 300;
const VALUE_BYTES = 50;
const NO_FIELDS: ReadonlySet<string> = new Set([ERROR, ERROR_DETAILS, PRESERVE_ERROR]);

/**
 * Returns the fields of lines, by name.
 * @param limit  of fields; later ones are left out
 */
export async function detectFields(
  streams: readonly LogStream[],
  limit: number,
  query: Query,
): Promise<DetectedField[]> {
  using memory = query.budget.memory.share();
  const slices = new Slices(query.signal);
  const fields = new Map<string, Growing>();
  const add = (name: string, value: string, parser: string | undefined, path: readonly string[] | undefined): void => {
    let field = fields.get(name);
    if (field === undefined) {
      if (fields.size >= limit) return;
      memory.add(name.length + FIELD_BYTES);
      fields.set(name, (field = { type: 'string', values: new Set(), parsers: [], jsonPath: undefined }));
    }
    field.type = fieldType(value);
    if (!field.values.has(value)) memory.add(value.length + VALUE_BYTES);
    field.values.add(value);
    if (parser !== undefined && !field.parsers.includes(parser)) field.parsers.push(parser);
    field.jsonPath ??= path;
  };
  for (const { labels, lines } of streams) {
    const stream = new Map(labels);
    for (const { line, metadata, parsed } of lines) {
      if (slices.isOver) await slices.pause();
      for (const [name, value] of metadata) add(name, value, undefined, undefined);
      const { parser, found, paths } = parsedLine(line, stream);
      for (const [name, value] of parsed) if (!NO_FIELDS.has(name)) add(name, value, parser, undefined);
      for (const [name, value] of found) add(name, value, parser, paths.get(name) ?? paths.get(withoutSuffix(name)));
    }
  }
  const all = [...fields].map(([name, field]) => ({ name, ...field }));
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface ParsedLine {
  readonly parser: 'json' | 'logfmt' | undefined;
  readonly found: readonly (readonly [name: string, value: string])[];
  readonly paths: ReadonlyMap<string, readonly string[]>;
}

const parseJson = jsonStage(EVERYTHING);
const parseLogfmt = logfmtStage({ kind: 'logfmt', expressions: [], isStrict: false, keepsEmpty: false }, EVERYTHING);
const NO_PATHS: ParsedLine['paths'] = new Map();

function parsedLine(line: string, stream: ReadonlyMap<string, string>): ParsedLine {
  const labels = new LineLabels();
  const entry = { line, day: 0, timeNs: 0, labels };
  labels.reset(stream, [], undefined);
  parseJson(entry);
  if (!labels.hasError)
    return { parser: 'json', found: parsedLabels(labels), paths: line === '' ? NO_PATHS : jsonPaths(line) };
  labels.reset(stream, [], undefined);
  parseLogfmt(entry);
  if (labels.hasError) return { parser: undefined, found: [], paths: NO_PATHS };
  return { parser: 'logfmt', found: parsedLabels(labels), paths: NO_PATHS };
}

function parsedLabels(labels: LineLabels): [name: string, value: string][] {
  return labels.sorted().flatMap(([name, { value, category }]) => (category === 'parsed' ? [[name, value]] : []));
}

function withoutSuffix(name: string): string {
  return name.endsWith(EXTRACTED) ? name.slice(0, -EXTRACTED.length) : name;
}

/** Words that Go reads as true or false. */
const BOOLEANS: ReadonlySet<string> = new Set(['t', 'T', 'TRUE', 'true', 'True', 'f', 'F', 'FALSE', 'false', 'False']);
const INT64_MAX = 2n ** 63n - 1n;

export function fieldType(value: string): FieldType {
  if (/^[-+]?\d{1,19}$/.test(value) && isInt64(BigInt(value.replace('+', '')))) return 'int';
  if (parseGoFloat(value) !== undefined) return 'float';
  if (BOOLEANS.has(value)) return 'boolean';
  if (parseGoDuration(value) !== undefined) return 'duration';
  return parseBytes(value) === undefined ? 'string' : 'bytes';
}

function isInt64(value: bigint): boolean {
  return value <= INT64_MAX && value >= -INT64_MAX - 1n;
}
