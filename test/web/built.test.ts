/** What is committed is what the sources give, and it is small. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';

const WEB = fileURLToPath(new URL('../../web', import.meta.url));
const DIST = join(WEB, 'dist');
const FIRST_LOAD_BYTES_MAX = 60_000;
const ALL_BYTES_MAX = 150_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-page-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function filesIn(root: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(paths.map(async (path) => [relative(root, path), await readFile(path)] as const)));
}

test('web/dist is what web gives: npm run build', async () => {
  await promisify(execFile)(process.execPath, [join(WEB, 'build.ts'), folder]);
  const [built, committed] = await Promise.all([filesIn(folder), filesIn(DIST)]);
  expect([...committed.keys()].toSorted()).toEqual([...built.keys()].toSorted());
  for (const [name, bytes] of committed) {
    if (!name.endsWith('.br')) expect(bytes.equals(built.get(name)!), name).toBe(true);
    else expect(brotliDecompressSync(bytes).equals(committed.get(name.slice(0, -'.br'.length))!), name).toBe(true);
  }
});

test(`the first load is at most ${FIRST_LOAD_BYTES_MAX} bytes, and all are at most ${ALL_BYTES_MAX}`, async () => {
  const files = await filesIn(DIST);
  const index = files.get('index.html')!.toString();
  const sizeOf = (names: readonly string[]): number => names.reduce((sum, name) => sum + files.get(name)!.length, 0);
  const compressed = [...files.keys()].filter((name) => name.endsWith('.br'));
  const first = compressed.filter((name) => name === 'index.html.br' || index.includes(name.slice(0, -'.br'.length)));
  expect(first.length).toBeGreaterThan(3);
  expect(sizeOf(first)).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX);
  expect(sizeOf(compressed)).toBeLessThanOrEqual(ALL_BYTES_MAX);
});

test('the page asks no other host, and has no script or style of its own', async () => {
  const files = await filesIn(DIST);
  const index = files.get('index.html')!.toString();
  expect(index).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  for (const [, address] of index.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^\/assets\//);
});
