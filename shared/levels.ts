/**
 * What loggers call the levels of their lines, and in which field they say it: one table, by which the name `level` means
 * the same in queries, erasures, rules and counts, whoever wrote a line.
 *
 * A single digit from 0 to 7 is no level here: 0 is info to logr and an emergency to syslog. Nor are hundreds: 400 is an
 * error to Monolog and a warning to Google Cloud.
 */
import { matchesWildcard, type Wildcard } from './wildcard.ts';

/** The name that is answered by whichever of LEVEL_FIELDS a line has. */
export const LEVEL = 'level';

/** Fields that may hold a line's level. Of those that a line has, the first here does. */
export const LEVEL_FIELDS: readonly string[] = [
  'level_name', // Monolog, whose `level` is a number of hundreds
  LEVEL,
  'Level',
  'LEVEL',
  'lvl',
  'Lvl',
  'LVL',
  'severity', // Google Cloud
  'Severity',
  'SEVERITY',
  'log.level', // ECS
  'levelname', // Python
  'loglevel',
  'logLevel',
  'LogLevel', // .NET
  'log_level',
  'error_severity', // Postgres
  'severity_text', // OpenTelemetry
  'severityText',
  'SeverityText',
  '@level', // hclog
  '@l', // Serilog
];

const LEVEL_PRIORITIES: ReadonlyMap<string, number> = new Map(LEVEL_FIELDS.map((field, i) => [field, i]));

/** Fields with common names, which hold a level in lines of one logger; it is known by others that are beside them. */
const LOGGER_LEVEL_FIELDS = [
  { field: 's', beside: ['t.$date', 'c'] }, // MongoDB
  { field: 'label', beside: ['prio', 'err_code'] }, // MySQL
] as const;

const INFORMATION = Buffer.from('info');

/** One word for a level, and how it is written; `canonical` is what all words of about that gravity are counted as. */
export interface Level {
  readonly canonical: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly word: string;
  /** In lower case. A line may have them so, in upper case, or with a capital. */
  readonly spellings: readonly string[];
  /** Syslog's number for it, which a line has in front, with eight times that of its facility: `<3>`, `<165>`. */
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
  { canonical: 'error', word: 'error', spellings: ['error', 'err', 'e', 'fail', 'severe', '50'], priority: 3 },
  { canonical: 'error', word: 'exception', spellings: ['exception', 'throwable', 'traceback'] },
  { canonical: 'fatal', word: 'fatal', spellings: ['fatal', 'ftl', 'f', '60'] },
  { canonical: 'fatal', word: 'critical', spellings: ['critical', 'crit'], priority: 2 },
  { canonical: 'fatal', word: 'panic', spellings: ['panic', 'dpanic', 'pnc'] },
  { canonical: 'fatal', word: 'alert', spellings: ['alert'], priority: 1 },
  { canonical: 'fatal', word: 'emergency', spellings: ['emergency', 'emerg'], priority: 0 },
];

/** Words behind which slog writes how far away from them a level is: `INFO+2`, `DEBUG-4`. The word counts. */
export const SLOG_WORDS: readonly string[] = ['debug', 'info', 'warn', 'error'];
const SIGNS = ['+', '-'];

/** Longer than any spelling, and than any of slog's words with a sign. */
const SPELLING_BYTES_MAX = 16;

/** Eight priorities of each. */
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
 * Which of a line's fields holds its level: the first of LEVEL_FIELDS that it has, and the last of that name; or -1.
 * @param fields  of the line, `count` of them
 */
export function levelHolder(fields: readonly (string | undefined)[], count: number): number {
  let holder = -1;
  let priority = Infinity;
  for (let i = count - 1; i >= 0; i--) {
    const own = LEVEL_PRIORITIES.get(fields[i]!);
    if (own === undefined || own >= priority) continue;
    holder = i;
    priority = own;
  }
  if (holder >= 0) return holder;
  for (const { field, beside } of LOGGER_LEVEL_FIELDS) {
    const at = fields.lastIndexOf(field, count - 1);
    if (at >= 0 && count > 0 && beside.every((each) => hasField(fields, count, each))) return at;
  }
  return -1;
}

/** The level of a line that has no field for it: Serilog leaves out what is information. Undefined for all others. */
export function impliedLevel(fields: readonly (string | undefined)[], count: number): Buffer | undefined {
  const isSerilog = hasField(fields, count, '@t') && ['@mt', '@m'].some((each) => hasField(fields, count, each));
  return isSerilog ? INFORMATION : undefined;
}

function hasField(fields: readonly (string | undefined)[], count: number, field: string): boolean {
  const at = fields.indexOf(field);
  return at >= 0 && at < count;
}

/**
 * The canonical level for which bytes[start, end) stand, a value of one of LEVEL_FIELDS; undefined where they are it as
 * they stand, or nobody knows.
 */
export function canonicalLevel(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const text = bytes.toString('latin1', start, Math.min(end, start + SPELLING_BYTES_MAX));
  const level = levelOf(text);
  return level === undefined || level.canonical === text ? undefined : CANONICAL_BYTES.get(level.canonical);
}

/**
 * All that values of LEVEL_FIELDS may be where one of some texts is asked for as `level`. A canonical level, however it
 * is written, stands for all of its words, another word for itself. `*` is about canonical levels. What the table does
 * not know is compared as it stands.
 */
export function levelWildcards(wanted: readonly Wildcard[]): Wildcard[] {
  const levels = new Set(wanted.flatMap(levelsOf));
  return [...wanted, ...[...levels].flatMap(wildcardsOf)];
}

/** All that values of LEVEL_FIELDS may be where their canonical level passes. */
export function levelsWhere(passes: (canonical: Buffer) => boolean): Wildcard[] {
  return LEVELS.filter(({ canonical }) => passes(CANONICAL_BYTES.get(canonical)!)).flatMap(wildcardsOf);
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

/** As it is, in upper case, and with a capital: all that loggers do with a word. */
function casesOf(spelling: string): string[] {
  const upper = spelling.toUpperCase();
  return [...new Set([spelling, upper, upper.charAt(0) + spelling.slice(1)])];
}
