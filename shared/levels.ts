/**
 * The words that loggers use for levels, and the fields in which they write them: one table, so that the name `level`
 * means the same in queries, erasures, rules and counts, whichever logger wrote a line.
 *
 * A single digit from 0 to 7 is not a level here: 0 is info to logr and an emergency to syslog. Nor are hundreds: 400
 * is an error to Monolog and a warning to Google Cloud.
 */
import { LEVEL_FIELDS } from './level-fields.ts';
import { matchesWildcard, type Wildcard } from './wildcard.ts';

/** The name for whichever of LEVEL_FIELDS a line has. */
export const LEVEL = 'level';

const LEVEL_PRIORITIES: ReadonlyMap<string, number> = new Map(LEVEL_FIELDS.map((field, i) => [field, i]));

/**
 * Fields with common names that hold a level only in the lines of one logger, which other fields beside them identify.
 */
const LOGGER_LEVEL_FIELDS = [
  { field: 's', beside: ['t.$date', 'c'] }, // MongoDB
  { field: 'label', beside: ['prio', 'err_code'] }, // MySQL
] as const;

const INFORMATION = Buffer.from('info');

/** A level's word and its spellings; words of about the same severity are counted under one `canonical` word. */
export interface Level {
  readonly canonical: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly word: string;
  /** In lower case. Lines may have them in lower case, in upper case, or capitalized. */
  readonly spellings: readonly string[];
  /** Syslog's number for the severity, which begins a line together with eight times the facility's: `<3>`, `<165>`. */
  readonly priority?: number;
}

export const LEVELS: readonly Level[] = [
  { canonical: 'trace', word: 'trace', spellings: ['trace', 'trc', 'trce', 't', 'finer', 'finest', 'silly', '10'] },
  {
    canonical: 'debug',
    word: 'debug',
    spellings: [
      'debug',
      'dbg',
      'dbug',
      'd',
      'fine',
      '20',
      '.',
      'debug1',
      'debug2',
      'debug3',
      'debug4',
      'debug5',
      'd1',
      'd2',
      'd3',
      'd4',
      'd5',
    ],
    priority: 7,
  },
  { canonical: 'debug', word: 'verbose', spellings: ['verbose', 'vrb', '-'] },
  {
    canonical: 'info',
    word: 'info',
    spellings: ['info', 'information', 'informational', 'inf', 'i', '30'],
    priority: 6,
  },
  { canonical: 'info', word: 'notice', spellings: ['notice', 'note', '*'], priority: 5 },
  { canonical: 'info', word: 'log', spellings: ['log', 'system'] },
  { canonical: 'warn', word: 'warn', spellings: ['warn', 'warning', 'wrn', 'w', '40', '#'], priority: 4 },
  { canonical: 'error', word: 'error', spellings: ['error', 'err', 'eror', 'e', 'fail', 'severe', '50'], priority: 3 },
  { canonical: 'error', word: 'exception', spellings: ['exception', 'throwable', 'traceback'] },
  { canonical: 'fatal', word: 'fatal', spellings: ['fatal', 'ftl', 'f', '60'] },
  { canonical: 'fatal', word: 'critical', spellings: ['critical', 'crit'], priority: 2 },
  { canonical: 'fatal', word: 'panic', spellings: ['panic', 'dpanic', 'pnc', 'panicked'] },
  { canonical: 'fatal', word: 'alert', spellings: ['alert'], priority: 1 },
  { canonical: 'fatal', word: 'emergency', spellings: ['emergency', 'emerg'], priority: 0 },
];

/** Words after which slog writes the distance of a level from theirs: `INFO+2`, `DEBUG-4`. The word counts. */
export const SLOG_WORDS: readonly string[] = ['debug', 'info', 'warn', 'error'];
const SIGNS = ['+', '-'];

/** Longer than any spelling, and than any of slog's words with its distance. */
const SPELLING_BYTES_MAX = 16;

/** Each has eight priorities. */
const SYSLOG_FACILITIES = 24;

const BY_SPELLING = new Map(
  LEVELS.flatMap((level) => level.spellings.flatMap(casesOf).map((spelling) => [spelling, level] as const)),
);
const BY_PRIORITY = new Map(
  LEVELS.flatMap((level) => prioritiesOf(level).map((priority) => [priority, level] as const)),
);
const SLOG_SPELLINGS: ReadonlySet<string> = new Set(SLOG_WORDS.flatMap(casesOf));
const CANONICAL_BYTES = new Map(LEVELS.map(({ canonical }) => [canonical, Buffer.from(canonical)]));

/**
 * Returns the index of the field that holds a line's level: the first of LEVEL_FIELDS that it has, and the last of that
 * name; or -1.
 * @param fields  of the line, `count` of them
 */
export function levelHolder(fields: readonly (string | undefined)[], count: number): number {
  const holder = namedLevelHolder(fields, count);
  if (holder >= 0) return holder;
  for (const { field, beside } of LOGGER_LEVEL_FIELDS) {
    const at = fields.lastIndexOf(field, count - 1);
    if (at >= 0 && count > 0 && beside.every((each) => hasField(fields, count, each))) return at;
  }
  return -1;
}

/** Does the same by the field's name alone: names that only some logger uses for levels are left out. */
export function namedLevelHolder(fields: readonly (string | undefined)[], count: number): number {
  let holder = -1;
  let priority = Infinity;
  for (let i = count - 1; i >= 0; i--) {
    const own = LEVEL_PRIORITIES.get(fields[i]!);
    if (own === undefined || own >= priority) continue;
    holder = i;
    priority = own;
  }
  return holder;
}

/**
 * Returns the level of a line that has no field for it: Serilog leaves out the field where it is information. Undefined
 * for all other lines.
 */
export function impliedLevel(fields: readonly (string | undefined)[], count: number): Buffer | undefined {
  const isSerilog = hasField(fields, count, '@t') && ['@mt', '@m'].some((each) => hasField(fields, count, each));
  return isSerilog ? INFORMATION : undefined;
}

function hasField(fields: readonly (string | undefined)[], count: number, field: string): boolean {
  const at = fields.indexOf(field);
  return at >= 0 && at < count;
}

/**
 * Returns the canonical level of bytes[start, end), a value of one of LEVEL_FIELDS; undefined where the bytes are that
 * level already, or are not in the table.
 */
export function canonicalLevel(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const text = bytes.toString('latin1', start, Math.min(end, start + SPELLING_BYTES_MAX));
  const level = levelOf(text);
  return level === undefined || level.canonical === text ? undefined : CANONICAL_BYTES.get(level.canonical);
}

/**
 * Returns all values of LEVEL_FIELDS that match where one of some texts is asked for as `level`. A canonical level, in
 * any case, matches all of its words; another word matches itself. `*` matches canonical levels. A value that is not in
 * the table is compared unchanged.
 */
export function levelWildcards(wanted: readonly Wildcard[]): Wildcard[] {
  const levels = new Set(wanted.flatMap(levelsOf));
  return [...wanted, ...[...levels].flatMap(wildcardsOf)];
}

/** Returns all values of LEVEL_FIELDS whose canonical level passes. */
export function levelsWhere(passes: (canonical: Buffer) => boolean): Wildcard[] {
  return LEVELS.filter(({ canonical }) => passes(CANONICAL_BYTES.get(canonical)!)).flatMap(wildcardsOf);
}

const SEVERITIES = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
] as const satisfies readonly Level['canonical'][];

/** Returns the canonical levels that compare so with the level of a word; undefined for a word that is none. */
export function levelsFrom(
  word: string,
  operator: '>' | '>=' | '<' | '<=' | '=' | '!=',
): readonly Level['canonical'][] | undefined {
  const level = levelOf(word.toLowerCase());
  if (level === undefined) return undefined;
  const bound = SEVERITIES.indexOf(level.canonical);
  return SEVERITIES.filter((_, severity) => {
    switch (operator) {
      case '>':
        return severity > bound;
      case '>=':
        return severity >= bound;
      case '<':
        return severity < bound;
      case '<=':
        return severity <= bound;
      case '=':
        return severity === bound;
      case '!=':
        return severity !== bound;
    }
  });
}

function levelsOf(wanted: Wildcard): readonly Level[] {
  if (wanted.length > 1) {
    return LEVELS.filter(({ canonical }) => {
      const bytes = CANONICAL_BYTES.get(canonical)!;
      return matchesWildcard(wanted, bytes, 0, bytes.length);
    });
  }
  const level = levelOf(wanted[0]!.toString().toLowerCase());
  if (level === undefined) return [];
  return level.word === level.canonical ? LEVELS.filter(({ canonical }) => canonical === level.canonical) : [level];
}

function levelOf(text: string): Level | undefined {
  const level = BY_SPELLING.get(text) ?? BY_PRIORITY.get(text);
  if (level !== undefined) return level;
  const word = text.slice(0, Math.max(0, text.search(/[+-]/)));
  return SLOG_SPELLINGS.has(word) ? BY_SPELLING.get(word) : undefined;
}

function wildcardsOf(level: Level): Wildcard[] {
  const priorities = prioritiesOf(level).map((priority) => [Buffer.from(priority)]);
  return [...level.spellings.flatMap(casesOf).flatMap(writtenAs), ...priorities];
}

function prioritiesOf({ priority }: Level): string[] {
  if (priority === undefined) return [];
  return Array.from({ length: SYSLOG_FACILITIES }, (_, facility) => `<${facility * 8 + priority}>`);
}

function writtenAs(spelling: string): Wildcard[] {
  const plain = [Buffer.from(spelling)];
  if (!SLOG_SPELLINGS.has(spelling)) return [plain];
  return [plain, ...SIGNS.map((sign) => [Buffer.from(spelling + sign), Buffer.alloc(0)])];
}

/** Returns the word in lower case, in upper case, and capitalized, as loggers write it. */
function casesOf(spelling: string): string[] {
  const upper = spelling.toUpperCase();
  return [...new Set([spelling, upper, upper.charAt(0) + spelling.slice(1)])];
}
