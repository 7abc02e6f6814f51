/**
 * Writes the corpus as a node's log folder, the way kubelet and containerd would have left it:
 *
 *     <podsDir>/<namespace>_<pod>_<uid>/<container>/0.log                       being written
 *                                                   0.log.20261102-101500       the rotated one, not yet compressed
 *                                                   0.log.20261102-100200.gz    older ones
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatTime } from '../../shared/time.ts';
import { type Corpus, CORPUS_LINE_BYTES_MAX, type CorpusPod } from './corpus.ts';

export interface TreeOptions {
  readonly lineCount: number;
  /** A file that has grown to this is rotated, as kubelet's containerLogMaxSize does; never by default. */
  readonly rotateBytes?: number;
  /** Writes only the pods of one node. */
  readonly node?: string;
}

export interface Tree {
  /** Lines and uncompressed bytes that were written. */
  readonly lineCount: number;
  readonly sizeBytes: number;
}

const BUFFER_BYTES = 256 * 1024;

/** One open log file, and what waits to be written to it. */
interface LogFile {
  readonly path: string;
  readonly buffer: Buffer;
  bufferedBytes: number;
  sizeBytes: number;
  descriptor: number;
  /** Rotated and not compressed yet; kubelet leaves the newest one as it is. */
  rotatedPath: string | undefined;
}

export function logPath(podsDir: string, pod: CorpusPod): string {
  const { namespace, pod: name, container } = pod.labels;
  return join(podsDir, `${namespace}_${name}_${pod.uid}`, container, `${pod.restart}.log`);
}

/** Writes the corpus's next `lineCount` lines below `podsDir`. Lines of other nodes count, but are not written. */
export function writeTree(podsDir: string, corpus: Corpus, options: TreeOptions): Tree {
  const rotateBytes = options.rotateBytes ?? Infinity;
  const files = corpus.pods.map((pod) =>
    options.node === undefined || pod.labels['node'] === options.node ? openLog(logPath(podsDir, pod)) : undefined,
  );
  const scratch = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  let lineCount = 0;
  let sizeBytes = 0;
  for (let i = 0; i < options.lineCount; i++) {
    const end = corpus.nextFragment(scratch, 0);
    const file = files[corpus.stream];
    if (file === undefined) continue;
    lineCount++;
    sizeBytes += end;
    if (file.bufferedBytes + end > BUFFER_BYTES) flush(file);
    if (file.sizeBytes + end > rotateBytes) rotate(file, formatTime(corpus.day, corpus.timeNs));
    file.buffer.set(scratch.subarray(0, end), file.bufferedBytes);
    file.bufferedBytes += end;
    file.sizeBytes += end;
  }
  for (const file of files) if (file !== undefined) finish(file);
  return { lineCount, sizeBytes };
}

function openLog(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  return { path, buffer, bufferedBytes: 0, sizeBytes: 0, descriptor: openSync(path, 'a'), rotatedPath: undefined };
}

function flush(file: LogFile): void {
  writeSync(file.descriptor, file.buffer, 0, file.bufferedBytes);
  file.bufferedBytes = 0;
}

/** What kubelet does: compress the file rotated before, rename the current one, let the runtime open a new one. */
function rotate(file: LogFile, time: string): void {
  const rotatedPath = `${file.path}.${time.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
  // Kubelet looks every ten seconds, so a name never occurs twice; here, a file grows on until the next second.
  if (rotatedPath === file.rotatedPath) return;
  finish(file);
  if (file.rotatedPath !== undefined) {
    writeFileSync(`${file.rotatedPath}.gz`, gzipSync(readFileSync(file.rotatedPath), { level: 1 }));
    unlinkSync(file.rotatedPath);
  }
  renameSync(file.path, rotatedPath);
  file.rotatedPath = rotatedPath;
  file.descriptor = openSync(file.path, 'a');
  file.sizeBytes = 0;
}

function finish(file: LogFile): void {
  flush(file);
  closeSync(file.descriptor);
}
