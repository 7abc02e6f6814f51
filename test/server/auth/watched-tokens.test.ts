/** The tokens file changes under a server that runs. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WatchedTokens } from '../../../server/auth/watched-tokens.ts';
import { Metrics } from '../../../shared/metrics.ts';

let folder: string;
let path: string;
let said: string[];
let metrics: Metrics;
let watched: WatchedTokens | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-tokens-'));
  path = join(folder, 'tokens.yaml');
  said = [];
  metrics = new Metrics();
  watched = undefined;
});
afterEach(async () => {
  watched?.close();
  await rm(folder, { recursive: true });
});

const tokenNamed = (name: string): string => `${name}-0123456789abcdef`;
const fileOf = (...names: string[]): string =>
  names.map((name) => `- { name: ${name}, token: ${tokenNamed(name)}, scopes: [read] }\n`).join('');

async function open(hasOtherWayIn = false): Promise<WatchedTokens> {
  const log = pino({ base: null }, { write: (line: string) => said.push(line) });
  return (watched = await WatchedTokens.open({ path, hasOtherWayIn, log, metrics }));
}

function valid(...names: string[]): string[] {
  return names.filter((name) => watched?.find(tokenNamed(name))?.name === name);
}

/** 1 when the file is well. */
function ok(): string | undefined {
  return /^podlog_tokens_file_ok (\d)$/m.exec(metrics.render())?.[1];
}

test('a change is seen without being asked for', async () => {
  await writeFile(path, fileOf('a'));
  await open();
  await writeFile(path, fileOf('b'));
  await expect.poll(() => valid('a', 'b'), { timeout: 10_000 }).toEqual(['b']);
});

test('tokens come and go; a file that is the same is not mentioned', async () => {
  await writeFile(path, fileOf('a', 'b'));
  const tokens = await open();
  expect(valid('a', 'b', 'c')).toEqual(['a', 'b']);
  await tokens.reload();
  expect(said).toHaveLength(1);
  await writeFile(path, fileOf('b', 'c'));
  await tokens.reload();
  expect(valid('a', 'b', 'c')).toEqual(['b', 'c']);
  await writeFile(path, '[]');
  await tokens.reload();
  expect(valid('a', 'b', 'c')).toEqual([]);
  expect(metrics.render()).toContain('\npodlog_tokens 0\n');
});

test('who runs on a token learns when its entry is gone or changed, and of no other change', async () => {
  await writeFile(path, fileOf('a', 'b', 'c'));
  const tokens = await open();
  const revoked = new Map(['a', 'b', 'c'].map((name) => [name, tokens.find(tokenNamed(name))?.revoked]));
  const ended = (): string[] => [...revoked].filter(([, signal]) => signal?.aborted).map(([name]) => name);
  await writeFile(path, fileOf('d', 'c', 'b', 'a'));
  await tokens.reload();
  await writeFile(path, 'broken: {');
  await tokens.reload();
  expect(ended()).toEqual([]);
  await writeFile(path, fileOf('c') + fileOf('b').replace('[read]', '[read], namespaces: [shop]'));
  await tokens.reload();
  expect(ended()).toEqual(['a', 'b']);
  expect(tokens.find(tokenNamed('b'))?.revoked?.aborted).toBe(false);
  await writeFile(path, '[]');
  await tokens.reload();
  expect(ended()).toEqual(['a', 'b', 'c']);
});

test('a Secret volume: the file is a link to a link that is swapped', async () => {
  const publish = async (version: string, text: string): Promise<void> => {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'tokens.yaml'), text);
    await symlink(version, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await publish('..1', fileOf('a'));
  await symlink('..data/tokens.yaml', path);
  const tokens = await open();
  await publish('..2', fileOf('b'));
  await rm(join(folder, '..1'), { recursive: true });
  await tokens.reload();
  expect(valid('a', 'b')).toEqual(['b']);
});

test.for<[what: string, breakIt: () => Promise<void>]>([
  ['no YAML', () => writeFile(path, fileOf('b') + ' - {')],
  ['a weak token among good ones', () => writeFile(path, `${fileOf('b')}- { name: c, token: weak, scopes: [admin] }`)],
  ['gone', () => rm(path)],
])('a file that is broken (%s) keeps the tokens, says so once, and is mended', async ([, breakIt]) => {
  await writeFile(path, fileOf('a'));
  const tokens = await open();
  expect(ok()).toBe('1');
  await breakIt();
  await tokens.reload();
  await tokens.reload();
  expect(valid('a', 'b')).toEqual(['a']);
  expect(ok()).toBe('0');
  expect(said.slice(1)).toEqual([expect.stringContaining('"level":50')]);
  expect(said.join()).not.toContain('0123456789abcdef');
  await writeFile(path, fileOf('a'));
  await tokens.reload();
  expect(ok()).toBe('1');
  expect(valid('a', 'b')).toEqual(['a']);
});

test('at the start a broken or missing file is an error, unless there is another way in', async () => {
  await expect(open()).rejects.toThrow(/the tokens file cannot be read: ENOENT/);
  await writeFile(path, '- {}');
  await expect(open()).rejects.toThrow(/tokens\.yaml: token 1: name/);
  await rm(path);
  const tokens = await open(true);
  expect(said).toEqual([expect.stringContaining('cannot be read')]);
  await writeFile(path, fileOf('a'));
  await tokens.reload();
  expect(valid('a')).toEqual(['a']);
});
