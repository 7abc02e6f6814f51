/** A file that is watched by what a test opens, and what is logged and counted about it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import { Metrics } from '../../shared/metrics.ts';

export interface WatchedPath {
  folder: string;
  path: string;
  /** Lines of `log`. */
  said: string[];
  log: Logger;
  metrics: Metrics;
}

/**
 * A new one for each test of a file; there is no file yet.
 * @param close  called before the folder goes
 */
export function watchedPathOfEachTest(name: string, close: () => void): WatchedPath {
  const file = {} as WatchedPath;
  beforeEach(async () => {
    file.folder = await mkdtemp(join(tmpdir(), 'podlog-watched-'));
    file.path = join(file.folder, name);
    file.said = [];
    file.log = pino({ base: null }, { write: (line: string) => file.said.push(line) });
    file.metrics = new Metrics();
  });
  afterEach(async () => {
    close();
    await rm(file.folder, { recursive: true });
  });
  return file;
}
