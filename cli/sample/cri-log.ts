/**
 * Writes a container's log the way containerd and kubelet do: CRI fragments, long lines cut in parts, rotation by
 * rename, compression of all but the newest rotated file, removal of the oldest, and a file of its own for each run.
 * Source: containerd internal/cri/io/logger.go; kubelet pkg/kubelet/logs/container_log_manager.go.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatInstant } from '../../shared/time.ts';
import type { SampleLine, SamplePod } from './traffic.ts';

/** containerd's max_container_log_line_size: a longer line becomes several fragments. */
const FRAGMENT_BYTES_MAX = 16 * 1024;
/** Kubelet's default is 10 MiB; a small sample shows a rotation sooner. */
const FILE_BYTES_MAX = 512 * 1024;
/** Kubelet's containerLogMaxFiles, the current file included. */
const FILES_MAX = 5;

/** Owns the log files of one container of one pod. */
export class CriLog {
  readonly #folder: string;
  #restart = 0;
  #sizeBytes = 0;
  /** Rotated files of this run, oldest first; all but the last are compressed. */
  #rotated: string[] = [];

  constructor(podsDir: string, pod: SamplePod) {
    this.#folder = join(podsDir, `${pod.namespace}_${pod.name}_${randomUUID()}`, pod.container);
    mkdirSync(this.#folder, { recursive: true });
  }

  get #path(): string {
    return join(this.#folder, `${this.#restart}.log`);
  }

  /** Appends lines in their order, in one write unless a rotation or a restart comes between. */
  append(lines: readonly SampleLine[]): void {
    let pending = '';
    for (const line of lines) {
      const fragments = criFragments(line);
      if (line.isFirstOfRun === true) {
        this.#write(pending);
        this.#begin();
        pending = '';
      }
      if (this.#sizeBytes + pending.length > FILE_BYTES_MAX) {
        this.#write(pending);
        this.#rotate(line.timeMs);
        pending = '';
      }
      pending += fragments;
    }
    this.#write(pending);
  }

  #write(text: string): void {
    if (text === '') return;
    appendFileSync(this.#path, text);
    this.#sizeBytes += Buffer.byteLength(text);
  }

  #begin(): void {
    this.#restart++;
    this.#rotated = [];
    this.#sizeBytes = 0;
  }

  #rotate(timeMs: number): void {
    const previous = this.#rotated.pop();
    if (previous !== undefined) this.#rotated.push(compress(previous));
    const stamp = new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
    const rotated = `${this.#path}.${stamp}`;
    renameSync(this.#path, rotated);
    this.#rotated.push(rotated);
    this.#sizeBytes = 0;
    while (this.#rotated.length >= FILES_MAX) unlinkSync(this.#rotated.shift()!);
  }
}

/** Compresses under another name, so that a `.gz` is always whole. */
function compress(path: string): string {
  writeFileSync(`${path}.tmp`, gzipSync(readFileSync(path)));
  renameSync(`${path}.tmp`, `${path}.gz`);
  unlinkSync(path);
  return `${path}.gz`;
}

function criFragments({ timeMs, stream, text }: SampleLine): string {
  // The runtime's clock has nanoseconds; a float of milliseconds has at least hundreds of them.
  const time = formatInstant(BigInt(Math.round(timeMs * 1e6))).replace(/\.?0+Z$/, 'Z');
  const bytes = Buffer.from(text);
  let fragments = '';
  let at = 0;
  for (; bytes.length - at > FRAGMENT_BYTES_MAX; at += FRAGMENT_BYTES_MAX) {
    fragments += `${time} ${stream} P ${bytes.toString('utf8', at, at + FRAGMENT_BYTES_MAX)}\n`;
  }
  return `${fragments}${time} ${stream} F ${bytes.toString('utf8', at)}\n`;
}
