/** What a listing of a container's directory makes of it, when the directory changes meanwhile. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createContainer, reconcileContainer } from '../../agent/discover/container.ts';
import { nextReadable } from '../../agent/files/chain.ts';
import { createDescriptors } from '../../agent/files/descriptors.ts';
import { SETTLE_MS } from '../../agent/limits.ts';
import { LogOpener } from '../../agent/files/log-opener.ts';
import { closeLogFile, type LogFileState } from '../../agent/files/log-file.ts';
import { cri, LIVE, rotated } from './pods.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:10Z');

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'podlog-container-')), 'app');
  mkdirSync(path);
});

afterEach(() => rmSync(join(path, '..'), { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(path, name), cri(text));
}

function openerOf(podsDir: string): LogOpener {
  return new LogOpener({ podsDir, log: pino({ level: 'silent' }) });
}

/** Lists the directory, in which `meanwhile` is done once after the first file was opened. */
function listedWhile(meanwhile: () => void) {
  const directory = { namespace: 'ns', pod: 'pod', uid: 'uid', container: 'app', path };
  const container = createContainer(directory, 'node', NOW_MS);
  let isFirst = true;
  reconcileContainer(container, createDescriptors({ openFilesMax: 100 }, openerOf(path)), NOW_MS, () => {
    if (isFirst) meanwhile();
    isFirst = false;
  });
  const files = [...container.chains.values()].flatMap((chain) => chain.files);
  for (const file of files) closeLogFile(file);
  return { isWhole: container.isWhole, names: files.map(({ log }) => log.name) };
}

test('a rotation between the listing and the opening of the live file: no file is left out', () => {
  write(rotated(1), 'a');
  write(LIVE, 'b');
  const { isWhole, names } = listedWhile(() => {
    renameSync(join(path, LIVE), join(path, rotated(2)));
    write(LIVE, 'c');
  });
  expect(names).toEqual([rotated(1), rotated(2), LIVE]);
  expect(isWhole).toBe(true);
});

test('a file that is compressed meanwhile is not left out either', () => {
  write(rotated(1), 'a');
  write(rotated(2), 'b');
  write(LIVE, 'c');
  const { names } = listedWhile(() => {
    write(`${rotated(2)}.gz`, 'not compressed');
    rmSync(join(path, rotated(2)));
  });
  expect(names).toEqual([rotated(1), `${rotated(2)}.gz`, LIVE]);
});

test('a newer file is not begun before somebody has looked at the older one again', () => {
  write(rotated(1), 'a');
  write(LIVE, 'b');
  const directory = { namespace: 'ns', pod: 'pod', uid: 'uid', container: 'app', path };
  const container = createContainer(directory, 'node', NOW_MS);
  reconcileContainer(container, createDescriptors({ openFilesMax: 100 }, openerOf(path)), NOW_MS, () => {});
  const [chain] = container.chains.values();
  const [older, newer] = chain!.files;
  expect(nextReadable(chain!)).toBe(older);
  const read: LogFileState = older!;
  read.reading = { ...read.reading, offset: read.sizeBytes };
  for (const [polledMs, want] of [
    [0, undefined],
    [NOW_MS, undefined],
    [NOW_MS + SETTLE_MS - 1, undefined],
    [NOW_MS + SETTLE_MS, newer],
  ] as const) {
    read.polledMs = polledMs;
    expect(nextReadable(chain!)).toBe(want);
  }
  for (const file of chain!.files) closeLogFile(file);
});

test('a file that was opened while it was empty, and was written, rotated and compressed since, is the same file', () => {
  writeFileSync(join(path, LIVE), '');
  const directory = { namespace: 'ns', pod: 'pod', uid: 'uid', container: 'app', path };
  const container = createContainer(directory, 'node', NOW_MS);
  const descriptors = createDescriptors({ openFilesMax: 100 }, openerOf(path));
  const list = (): string[] => {
    reconcileContainer(container, descriptors, NOW_MS, () => {});
    return [...container.chains.values()].flatMap((chain) => chain.files.map(({ head }) => head));
  };
  expect(list()).toEqual(['']);
  const only = cri('only');
  writeFileSync(join(path, LIVE), only);
  renameSync(join(path, LIVE), join(path, rotated(1)));
  writeFileSync(join(path, `${rotated(1)}.gz`), gzipSync(only));
  rmSync(join(path, rotated(1)));
  write(LIVE, 'next');
  const heads = list();
  expect(heads).toHaveLength(2);
  expect(heads).not.toContain('');
  const [chain] = container.chains.values();
  expect(chain!.files.map(({ log, onDisk }) => [log.name, onDisk])).toEqual([
    [`${rotated(1)}.gz`, true],
    [LIVE, true],
  ]);
  for (const file of chain!.files) closeLogFile(file);
});
