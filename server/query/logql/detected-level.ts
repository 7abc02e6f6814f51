/**
 * The structured metadata `detected_level`, as Loki makes it when it receives a line: of a label, of a field of JSON or
 * logfmt, or of a word in the text.
 */
import type { LabelValues } from './pipeline/line-labels.ts';
import { eachMember, JsonError } from '../../../shared/loki-json/walk.ts';

export const DETECTED_LEVEL = 'detected_level';

/** Labels and fields that hold a level, in the order in which they count. */
export const LEVEL_FIELDS: readonly string[] = [
  'level',
  'LEVEL',
  'Level',
  'log.level',
  'severity',
  'SEVERITY',
  'Severity',
  'SeverityText',
  'lvl',
  'LVL',
  'Lvl',
  'severity_text',
  'Severity_Text',
  'SEVERITY_TEXT',
];
const LEVEL_NAMES: ReadonlySet<string> = new Set(LEVEL_FIELDS);
const WORDS: ReadonlyMap<string, string> = new Map([
  ['trace', 'trace'],
  ['trc', 'trace'],
  ['debug', 'debug'],
  ['dbg', 'debug'],
  ['info', 'info'],
  ['inf', 'info'],
  ['information', 'info'],
  ['warn', 'warn'],
  ['wrn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
  ['err', 'error'],
  ['critical', 'critical'],
  ['fatal', 'fatal'],
]);
const UNKNOWN = 'unknown';

/** Words that a text may have: the first counts. Only some signs may stand before and after it. */
const IN_TEXT = /(?:^|[\t\n "(=[{])(trace|debug|info|warn|warning|error|err|critical|fatal)(?=$|[\t\n "(=[{\]),:}!])/i;
const NAMES = LEVEL_FIELDS.map((name) => name.replace('.', '\\.')).join('|');
const IN_JSON = new RegExp(`"(?:${NAMES})"\\s*:\\s*"`);
const IN_LOGFMT = new RegExp(`(?:^|\\s)(${NAMES})=(?:"([^"\\\\]*)"|([^\\s"]+))`, 'g');
/** An object in a line of JSON may have the level, one in it, too. */
const JSON_DEPTH_MAX = 2;

/** Levels by OpenTelemetry's severity numbers, up to each of these. */
const OF_SEVERITY: readonly (readonly [number: number, level: string])[] = [
  [0, UNKNOWN],
  [4, 'trace'],
  [8, 'debug'],
  [12, 'info'],
  [16, 'warn'],
  [20, 'error'],
  [24, 'fatal'],
];
const SEVERITY_NUMBER = 'severity_number';

/**
 * @param labelOf  of the stream
 * @param metadata  of the line, without a level that was sent as such
 */
export function detectedLevel(
  line: string,
  labelOf: (name: string) => string | undefined,
  metadata: LabelValues = [],
): string {
  for (const name of LEVEL_FIELDS) {
    const value = labelOf(name);
    if (value !== undefined) return canonical(value) ?? value;
  }
  if (metadata.length > 0) {
    const beside = new Map(metadata);
    for (const name of LEVEL_FIELDS) {
      const value = beside.get(name);
      if (value !== undefined) return canonical(value) ?? value;
    }
    const number = beside.get(SEVERITY_NUMBER);
    if (number !== undefined) return levelOfSeverity(number);
  }
  const field = isObject(line) ? levelInJson(line) : levelInLogfmt(line);
  const level = field === undefined ? undefined : canonical(field);
  return level ?? canonical(IN_TEXT.exec(line)?.[1] ?? '') ?? UNKNOWN;
}

function levelOfSeverity(text: string): string {
  if (!/^[-+]?\d+$/.test(text)) return 'info';
  return OF_SEVERITY.find(([number]) => Number(text) <= number)?.[1] ?? UNKNOWN;
}

/** Returns metadata in which a level that was sent as such has Loki's word. */
export function withLevelWord(metadata: LabelValues): LabelValues {
  if (!metadata.some(([name]) => name === DETECTED_LEVEL)) return metadata;
  return metadata.map(([name, value]) => [name, name === DETECTED_LEVEL ? (canonical(value) ?? value) : value]);
}

function canonical(word: string): string | undefined {
  return WORDS.get(word.toLowerCase());
}

function isObject(line: string): boolean {
  const text = line.trim();
  return text.startsWith('{') && text.endsWith('}');
}

/** Returns the first text in the order of the line. */
function levelInJson(line: string): string | undefined {
  return IN_JSON.test(line) ? levelInObject(line, line.indexOf('{'), 1) : undefined;
}

function levelInObject(line: string, from: number, depth: number): string | undefined {
  let found: string | undefined;
  try {
    eachMember(line, from, (key, { kind, start, end }) => {
      if (kind === 'string' && LEVEL_NAMES.has(key)) found = line.slice(start, end);
      else if (kind === 'object' && depth < JSON_DEPTH_MAX) found = levelInObject(line, start, depth + 1);
      return found === undefined;
    });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  return found;
}

/** Returns that of the name which counts most. */
function levelInLogfmt(line: string): string | undefined {
  let best = LEVEL_FIELDS.length;
  let found: string | undefined;
  for (const [, name, quoted, plain] of line.matchAll(IN_LOGFMT)) {
    const rank = LEVEL_FIELDS.indexOf(name!);
    if (rank >= best) continue;
    best = rank;
    found = quoted ?? plain;
  }
  return found;
}
