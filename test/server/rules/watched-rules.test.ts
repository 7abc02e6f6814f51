/** The rules file changes under a server that runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WatchedRules } from '../../../server/rules/watched-rules.ts';
import { Metrics } from '../../../shared/metrics.ts';
import { NO_RULES } from '../../../shared/rules/rule-set.ts';

let folder: string;
let path: string;
let said: string[];
let metrics: Metrics;
let watched: WatchedRules | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-rules-'));
  path = join(folder, 'rules.yaml');
  said = [];
  metrics = new Metrics();
  watched = undefined;
});
afterEach(async () => {
  watched?.close();
  await rm(folder, { recursive: true });
});

async function open(at: string | undefined = path): Promise<WatchedRules> {
  const log = pino({ base: null }, { write: (line: string) => said.push(line) });
  return (watched = await WatchedRules.open({ path: at, log, metrics }));
}

test('without a file there are no rules', async () => {
  const log = pino({ level: 'silent' });
  watched = await WatchedRules.open({ path: undefined, log, metrics });
  expect(watched.rules).toEqual(NO_RULES);
});

test('a server does not start without the rules that it is told to have', async () => {
  await expect(open()).rejects.toThrow(/the rules file cannot be read: ENOENT/);
  await writeFile(path, 'redact: [e-mail]');
  await expect(open()).rejects.toThrow(/rules\.yaml: line 1: e-mail is no named pattern/);
});

test('a change is seen without being asked for', async () => {
  await writeFile(path, 'redact: [email]');
  const rules = await open();
  await writeFile(path, 'redact: [ipv4]');
  await expect.poll(() => rules.rules.redact[0]?.name, { timeout: 10_000 }).toBe('ipv4');
});

test('a broken file leaves the rules as they were, and says so once', async () => {
  await writeFile(path, 'redact: [email]');
  const rules = await open();
  for (const breaks of [() => writeFile(path, 'redact: [e-mail]'), () => rm(path)]) {
    said = [];
    await breaks();
    await rules.reload();
    await rules.reload();
    expect(rules.rules.redact[0]?.name).toBe('email');
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('the rules stay as they were');
    expect(metrics.render()).toContain('\npodlog_rules_file_ok 0\n');
  }
  await writeFile(path, 'redact: [email]');
  await rules.reload();
  expect(metrics.render()).toContain('\npodlog_rules_file_ok 1\n');
});
