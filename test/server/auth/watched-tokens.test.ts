/** The tokens file changes under a server that runs. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { assertSpeaksFor, type Nodes } from '../../../server/auth/caller.ts';
import { WatchedTokens } from '../../../server/auth/watched-tokens.ts';
import { watchedPathOfEachTest } from '../watched-path.ts';

let watched: WatchedTokens | undefined;
const file = watchedPathOfEachTest('tokens.yaml', () => watched?.close());

const tokenNamed = (name: string): string => `${name}-0123456789abcdef`;
const fileOf = (...names: string[]): string =>
  names.map((name) => `- { name: ${name}, token: ${tokenNamed(name)}, scopes: [read] }\n`).join('');

async function open(hasOtherWayIn = false): Promise<WatchedTokens> {
  return (watched = await WatchedTokens.open({ ...file, hasOtherWayIn }));
}

function valid(...names: string[]): string[] {
  return names.filter((name) => watched?.find(tokenNamed(name))?.name === name);
}

/** 1 when the file is well. */
function ok(): string | undefined {
  return /^podlog_tokens_file_ok (\d)$/m.exec(file.metrics.render())?.[1];
}

/** A link to a link that is swapped, as the kubelet does it for a Secret. */
async function publish(version: string, text: string): Promise<void> {
  await mkdir(join(file.folder, version));
  await writeFile(join(file.folder, version, 'tokens.yaml'), text);
  await symlink(version, join(file.folder, '..data_tmp'));
  await rename(join(file.folder, '..data_tmp'), join(file.folder, '..data'));
}

test.for<[how: string, first: () => Promise<void>, change: () => Promise<void>]>([
  ['written in place', () => writeFile(file.path, fileOf('a')), () => writeFile(file.path, fileOf('b'))],
  [
    'renamed by an editor',
    () => writeFile(file.path, fileOf('a')),
    async () => {
      await writeFile(`${file.path}~`, fileOf('b'));
      await rename(`${file.path}~`, file.path);
    },
  ],
  [
    'swapped as a Secret is',
    async () => {
      await publish('..1', fileOf('a'));
      await symlink('..data/tokens.yaml', file.path);
    },
    async () => {
      await publish('..2', fileOf('b'));
      await rm(join(file.folder, '..1'), { recursive: true });
    },
  ],
  ['made', async () => {}, () => writeFile(file.path, fileOf('b'))],
])('a change is seen without being asked for: a file that is %s', async ([, first, change]) => {
  await first();
  await open(true);
  await change();
  await expect.poll(() => valid('a', 'b')).toEqual(['b']);
});

test('tokens come and go; a file that is the same is not mentioned', async () => {
  await writeFile(file.path, fileOf('a', 'b'));
  const tokens = await open();
  expect(valid('a', 'b', 'c')).toEqual(['a', 'b']);
  await tokens.reload();
  expect(file.said).toHaveLength(1);
  await writeFile(file.path, fileOf('b', 'c'));
  await tokens.reload();
  expect(valid('a', 'b', 'c')).toEqual(['b', 'c']);
  await writeFile(file.path, '[]');
  await tokens.reload();
  expect(valid('a', 'b', 'c')).toEqual([]);
  expect(file.metrics.render()).toContain('\npodlog_tokens 0\n');
});

test('a file that is written in place is empty for a moment, which takes nobody in or out; one that stays empty has no tokens', async () => {
  // It is read when the test says so, and not by itself.
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await writeFile(file.path, fileOf('a'));
  const tokens = await open();
  const revoked = tokens.find(tokenNamed('a'))?.revoked;
  await writeFile(file.path, '');
  await tokens.reload();
  expect(valid('a')).toEqual(['a']);
  await writeFile(file.path, fileOf('a', 'b'));
  await tokens.reload();
  expect(valid('a', 'b')).toEqual(['a', 'b']);
  expect(revoked?.aborted).toBe(false);
  await writeFile(file.path, '');
  await tokens.reload();
  await tokens.reload();
  expect(valid('a', 'b')).toEqual([]);
});

test('who runs on a token learns when its entry is gone or changed, and of no other change', async () => {
  await writeFile(file.path, fileOf('a', 'b', 'c'));
  const tokens = await open();
  const revoked = new Map(['a', 'b', 'c'].map((name) => [name, tokens.find(tokenNamed(name))?.revoked]));
  const ended = (): string[] => [...revoked].filter(([, signal]) => signal?.aborted).map(([name]) => name);
  await writeFile(file.path, fileOf('d', 'c', 'b', 'a'));
  await tokens.reload();
  await writeFile(file.path, 'broken: {');
  await tokens.reload();
  expect(ended()).toEqual([]);
  await writeFile(file.path, fileOf('c') + fileOf('b').replace('[read]', '[read], namespaces: [shop]'));
  await tokens.reload();
  expect(ended()).toEqual(['a', 'b']);
  expect(tokens.find(tokenNamed('b'))?.revoked?.aborted).toBe(false);
  await writeFile(file.path, '[]');
  await tokens.reload();
  expect(ended()).toEqual(['a', 'b', 'c']);
});

test('a Secret volume: the file is a link to a link that is swapped', async () => {
  await publish('..1', fileOf('a'));
  await symlink('..data/tokens.yaml', file.path);
  const tokens = await open();
  await publish('..2', fileOf('b'));
  await rm(join(file.folder, '..1'), { recursive: true });
  await tokens.reload();
  expect(valid('a', 'b')).toEqual(['b']);
});

test.for<[what: string, breakIt: () => Promise<void>]>([
  ['no YAML', () => writeFile(file.path, fileOf('b') + ' - {')],
  [
    'a weak token among good ones',
    () => writeFile(file.path, `${fileOf('b')}- { name: c, token: weak, scopes: [admin] }`),
  ],
  ['gone', () => rm(file.path)],
])('a file that is broken (%s) keeps the tokens, says so once, and is mended', async ([, breakIt]) => {
  await writeFile(file.path, fileOf('a'));
  const tokens = await open();
  expect(ok()).toBe('1');
  await breakIt();
  await tokens.reload();
  await tokens.reload();
  expect(valid('a', 'b')).toEqual(['a']);
  expect(ok()).toBe('0');
  expect(file.said.slice(1)).toEqual([expect.stringContaining('"level":50')]);
  expect(file.said.join()).not.toContain('0123456789abcdef');
  await writeFile(file.path, fileOf('a'));
  await tokens.reload();
  expect(ok()).toBe('1');
  expect(valid('a', 'b')).toEqual(['a']);
});

test('at the start a broken or missing file is an error, unless there is another way in', async () => {
  await expect(open()).rejects.toThrow(/the tokens file .* cannot be read: it does not exist; /);
  await writeFile(file.path, '- {}');
  await expect(open()).rejects.toThrow(/tokens\.yaml: line 1: token 1: name/);
  await rm(file.path);
  const tokens = await open(true);
  expect(file.said).toEqual([expect.stringContaining('cannot be read')]);
  await writeFile(file.path, fileOf('a'));
  await tokens.reload();
  expect(valid('a')).toEqual(['a']);
});

test('a file that does not open is not read again at intervals', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  await expect(open()).rejects.toThrow(/cannot be read/);
  expect(vi.getTimerCount()).toBe(0);
});

test('an agent token without nodes is bound to the first node that uses it, over other changes of the file', async () => {
  const entry = `- { name: a, token: ${tokenNamed('a')}, scopes: [agent] }\n`;
  await writeFile(file.path, entry);
  const tokens = await open();
  const nodes = (): Nodes => tokens.find(tokenNamed('a'))!.nodes;
  expect(() => assertSpeaksFor(nodes(), 'worker-1')).not.toThrow();
  await writeFile(file.path, entry + fileOf('b'));
  await tokens.reload();
  expect(() => assertSpeaksFor(nodes(), 'worker-1')).not.toThrow();
  expect(() => assertSpeaksFor(nodes(), 'worker-2')).toThrow('speaks for the node worker-1 alone');
  expect(file.said.filter((line) => line.includes('without nodes'))).toHaveLength(2);
});
