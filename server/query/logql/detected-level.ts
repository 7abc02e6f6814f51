/**
 * The structured metadata `detected_level`, as Loki makes it when it receives a line: of a label, of a field of JSON or
 * logfmt, or of words in the text.
 */
import type { LabelValues } from './pipeline/line-labels.ts';

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

/** Tried in this order: the first that a text has counts. */
const IN_TEXT: readonly (readonly [words: RegExp, level: string])[] = [
  [/info|INFO/, 'info'],
  [/err:|ERR:|error|ERROR/, 'error'],
  [/warn:|WARN:|warning|WARNING/, 'warn'],
  [/CRITICAL:|critical:/, 'critical'],
  [/debug:|DEBUG:/, 'debug'],
];
const NAMES = LEVEL_FIELDS.map((name) => name.replace('.', '\\.')).join('|');
const IN_JSON = new RegExp(`"(?:${NAMES})"\\s*:\\s*(?:"([^"\\\\]*)"|([^\\s,}"]+))`);
const IN_LOGFMT = new RegExp(`(?:^|\\s)(?:${NAMES})=(?:"([^"\\\\]*)"|([^\\s"]*))`);

/** Of OpenTelemetry: numbers up to these. */
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
  const isJson = line.trimStart().startsWith('{');
  const match = (isJson ? IN_JSON : IN_LOGFMT).exec(line);
  if (match !== null) return canonical((match[1] ?? match[2])!) ?? UNKNOWN;
  return IN_TEXT.find(([words]) => words.test(line))?.[1] ?? UNKNOWN;
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
