/** The rules file changes under a server that runs. */
import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { WatchedRules } from '../../../server/rules/watched-rules.ts';
import { NO_RULES } from '../../../shared/rules/rule-set.ts';
import { watchedPathOfEachTest } from '../watched-path.ts';

let watched: WatchedRules | undefined;
const file = watchedPathOfEachTest('rules.yaml', () => watched?.close());

async function open(): Promise<WatchedRules> {
  return (watched = await WatchedRules.open(file));
}

test('without a file there are no rules', async () => {
  watched = await WatchedRules.open({ ...file, path: undefined });
  expect(watched.rules).toEqual(NO_RULES);
});

test('a server does not start without the rules that it is told to have', async () => {
  await expect(open()).rejects.toThrow(/the rules file .* cannot be read: it does not exist; /);
  await writeFile(file.path, 'redact: [e-mail]');
  await expect(open()).rejects.toThrow(/rules\.yaml: line 1: e-mail is not a redactor/);
});

test('a change is seen without being asked for', async () => {
  await writeFile(file.path, 'redact: [email]');
  const rules = await open();
  await writeFile(file.path, 'redact: [ipv4]');
  await expect.poll(() => rules.rules.redact[0]?.name).toBe('ipv4');
});

test('a broken file leaves the rules as they were, and says so once', async () => {
  await writeFile(file.path, 'redact: [email]');
  const rules = await open();
  for (const breaks of [() => writeFile(file.path, 'redact: [e-mail]'), () => rm(file.path)]) {
    file.said = [];
    await breaks();
    await rules.reload();
    await rules.reload();
    expect(rules.rules.redact[0]?.name).toBe('email');
    expect(file.said).toHaveLength(1);
    expect(file.said[0]).toContain('keeping the previous rules');
    expect(file.metrics.render()).toContain('\npodlog_rules_file_ok 0\n');
  }
  await writeFile(file.path, 'redact: [email]');
  await rules.reload();
  expect(file.metrics.render()).toContain('\npodlog_rules_file_ok 1\n');
});
