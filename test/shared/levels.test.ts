/** What loggers write as a level, and what it is called here; and that the documents say the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalLevel, impliedLevel, levelHolder, LEVELS, levelWildcards } from '../../shared/levels.ts';
import { LEVEL_FIELDS } from '../../shared/level-fields.ts';
import { matchesWildcard, parseWildcard } from '../../shared/wildcard.ts';

const canonical = (value: string): string => canonicalLevel(Buffer.from(value), 0, value.length)?.toString() ?? value;

/** By logger: what it writes, from the least grave to the gravest. */
const LOGGERS: readonly (readonly [logger: string, written: string, want: string])[] = [
  ['zerolog', 'trace debug info warn error fatal panic', 'trace debug info warn error fatal fatal'],
  ['zap', 'debug info warn error dpanic panic fatal', 'debug info warn error fatal fatal fatal'],
  ['zap, capital', 'DEBUG INFO WARN ERROR DPANIC PANIC FATAL', 'debug info warn error fatal fatal fatal'],
  ['slog', 'DEBUG-4 DEBUG INFO INFO+2 WARN ERROR ERROR+4', 'debug debug info info warn error error'],
  ['logrus', 'trace debug info warning error fatal panic', 'trace debug info warn error fatal fatal'],
  ['pino and bunyan', '10 20 30 40 50 60', 'trace debug info warn error fatal'],
  ['winston', 'silly debug verbose info warn error', 'trace debug debug info warn error'],
  ['python', 'DEBUG INFO WARNING ERROR CRITICAL', 'debug info warn error fatal'],
  ['log4j and logback', 'TRACE DEBUG INFO WARN ERROR FATAL', 'trace debug info warn error fatal'],
  ['java.util.logging', 'FINEST FINER FINE INFO WARNING SEVERE', 'trace trace debug info warn error'],
  ['.NET', 'Trace Debug Information Warning Error Critical', 'trace debug info warn error fatal'],
  ['.NET, short', 'trce dbug info warn fail crit', 'trace debug info warn error fatal'],
  ['Serilog', 'Verbose Debug Information Warning Error Fatal', 'debug debug info warn error fatal'],
  ['Serilog, short', 'VRB DBG INF WRN ERR FTL', 'debug debug info warn error fatal'],
  [
    'Google Cloud',
    'DEBUG INFO NOTICE WARNING ERROR CRITICAL ALERT EMERGENCY',
    'debug info info warn error fatal fatal fatal',
  ],
  ['syslog and nginx', 'debug info notice warn err crit alert emerg', 'debug info info warn error fatal fatal fatal'],
  ['sd-daemon', '<7> <6> <5> <4> <3> <2> <1> <0>', 'debug info info warn error fatal fatal fatal'],
  ['syslog, with facilities', '<15> <34> <165> <191>', 'debug fatal info debug'],
  ['MongoDB', 'D5 D1 I W E F', 'debug debug info warn error fatal'],
  ['MySQL', 'System Note Warning Error', 'info info warn error'],
  ['exceptions', 'Exception Throwable Traceback panicked', 'error error error fatal'],
  ['log15 and geth', 'dbug info warn eror crit', 'debug info warn error fatal'],
  ['klog', 'I W E F', 'info warn error fatal'],
  [
    'Postgres',
    'DEBUG5 DEBUG1 INFO NOTICE LOG WARNING ERROR FATAL PANIC',
    'debug debug info info info warn error fatal fatal',
  ],
  ['Redis', '. - * #', 'debug debug info warn'],
  [
    'nobody',
    'audit wARN 0 7 35 400 INFOS warn: + 1-2 <192> <03>',
    'audit wARN 0 7 35 400 INFOS warn: + 1-2 <192> <03>',
  ],
];

test.each(LOGGERS)('%s: %s', (_, written, want) => {
  expect(written.split(' ').map(canonical).join(' ')).toBe(want);
});

test('a level is found by a name for it, in any case; another word than the canonical one finds itself alone', () => {
  const all = [...new Set(LOGGERS.flatMap(([, written]) => written.split(' ')))];
  const found = (asked: string): string[] => {
    const wildcards = levelWildcards([parseWildcard(asked)]);
    return all.filter((value) => wildcards.some((each) => matchesWildcard(each, Buffer.from(value), 0, value.length)));
  };
  const warnings = ['warn', 'WARN', 'warning', '40', 'WARNING', 'Warning', 'WRN', 'W', '#', '<4>'];
  for (const asked of ['warn', 'WARN', 'Warning', 'w', 'W', '40', '#']) {
    expect(found(asked).toSorted(), asked).toEqual(warnings.toSorted());
  }
  expect(found('notice')).toEqual(expect.arrayContaining(['NOTICE', 'notice', '*', 'Note', '<5>', '<165>']));
  expect(found('notice')).not.toContain('info');
  expect(found('error')).toEqual(expect.arrayContaining(['Exception', '<3>']));
  expect(found('panic')).toEqual(['panic', 'dpanic', 'DPANIC', 'PANIC', 'panicked']);
  expect(found('CRIT')).toEqual(expect.arrayContaining(['CRITICAL', 'Critical', 'crit', '<34>']));
  expect(found('debug')).toEqual(expect.arrayContaining(['DEBUG-4', 'Verbose', 'DEBUG5', '.']));
  expect(found('w*').toSorted()).toEqual([...warnings, 'warn:', 'wARN'].toSorted());
  expect(found('INFO+2')).toEqual(found('info'));
  expect(found('audit')).toEqual(['audit']);
  expect(found('aud*')).toEqual(['audit']);
  expect(found('*')).toEqual(all);
});

test('no spelling is in two rows, and each row is of a canonical level, which is a row itself', () => {
  const spellings = LEVELS.flatMap((level) => level.spellings);
  expect(new Set(spellings).size).toBe(spellings.length);
  for (const { word, spellings: own } of LEVELS) expect(own).toContain(word);
  const rows = LEVELS.map(({ word }) => word);
  expect(LEVELS.filter(({ canonical: name }) => !rows.includes(name))).toEqual([]);
  expect(spellings.filter((spelling) => /^[0-7]$/.test(spelling))).toEqual([]);
});

test.each([
  ['of several fields, the first in the list', ['severity', 'msg', 'level'], 'level'],
  ['of one that is there twice, the last', ['level', 'msg', 'level'], 'level'],
  ['MongoDB', ['t.$date', 's', 'c', 'id', 'msg'], 's'],
  ['MySQL', ['prio', 'err_code', 'msg', 'label'], 'label'],
  ['a name that means something else', ['s', 'label', 'msg'], undefined],
  ['none', ['msg'], undefined],
])('the field that holds the level: %s', (_, fields, want) => {
  const at = levelHolder(fields, fields.length);
  expect(fields[at]).toBe(want);
  if (want !== undefined) expect(at).toBe(fields.lastIndexOf(want));
  // What is behind the count is left of a line before.
  expect(levelHolder([...fields, 'level_name'], fields.length)).toBe(at);
});

test('what Serilog does not say is information', () => {
  for (const fields of [
    ['@t', '@mt'],
    ['@t', '@m', 'x'],
  ]) {
    expect(impliedLevel(fields, fields.length)?.toString()).toBe('info');
  }
  for (const fields of [['@t'], ['@mt', 'x'], []]) expect(impliedLevel(fields, fields.length)).toBeUndefined();
});

describe('docs/formats-and-levels.md', () => {
  const text = readFileSync(new URL('../../docs/formats-and-levels.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## Levels'));
  const quoted = (part: string): string[] => [...part.matchAll(/`([^`]+)`/g)].map(([, each]) => each!);

  test('lists the spellings of each level', () => {
    const rows = [...section.matchAll(/^\| (`.*)\|$/gm)].map(([, row]) => quoted(row!));
    const want = LEVELS.map(({ canonical: name, spellings }) => [name, spellings] as const);
    expect(rows.map(([name, ...spellings]) => [name, spellings.toSorted()])).toEqual(
      [...Map.groupBy(want, ([name]) => name)].map(([name, each]) => [
        name,
        each.flatMap(([, spellings]) => spellings).toSorted(),
      ]),
    );
  });

  test('lists the fields in their order', () => {
    const list = section
      .split('\n\n')
      .find((each) => each.startsWith('The level of a line is taken from the first of these fields'));
    expect(quoted(list!)).toEqual(LEVEL_FIELDS);
  });
});
