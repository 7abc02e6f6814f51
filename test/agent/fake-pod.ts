/**
 * A pod for the soak: one container that writes numbered lines at its own rate, and what the kubelet does to its files:
 * rotation with gzip, and deletion of what is too old. It knows what it wrote, so that whoever reads it can be checked.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The live file, the newest rotated one, and this many compressed ones. */
const GZIP_FILES_MAX = 3;

/** The kubelet looks at the size of logs no more often (containerLogMonitorInterval). */
const ROTATION_MS_MIN = 3_000;

interface WrittenFile {
  /** The number of its first line. */
  readonly first: number;
  deletedMs: number;
}

export class FakePod {
  /** Unique, so that its lines are found even when nothing else is known of it. */
  readonly container: string;
  readonly #directory: string;
  readonly #live: string;
  #descriptor: number;
  /** Bytes in the log file of each line, by its number. */
  readonly lineBytes: number[] = [];
  readonly #lineMs: number[] = [];
  /** Oldest first, those that are deleted among them. */
  readonly #files: WrittenFile[] = [];
  #rotatedAtSeconds = 0;
  #begunMs = Date.now();

  constructor(podsDir: string, number: number) {
    this.container = `app-${number}`;
    this.#directory = join(podsDir, `soak_pod-${number}_uid-${number}`);
    this.#live = join(this.#directory, this.container, '0.log');
    mkdirSync(dirname(this.#live), { recursive: true });
    this.#descriptor = this.#begin();
  }

  write(lineCount: number): void {
    const nowMs = Date.now();
    const time = new Date(nowMs).toISOString().slice(0, -1);
    let text = '';
    for (let i = 0; i < lineCount; i++) {
      const n = this.lineBytes.length;
      // No other line has its time, so that a marker has one place among them.
      const fraction = String(n % 1_000_000).padStart(6, '0');
      const line = `${time}${fraction}Z stdout F {"level":"info","n":${n},"message":"${'x'.repeat((n * 7) % 200)}"}\n`;
      this.lineBytes.push(line.length);
      this.#lineMs.push(nowMs);
      text += line;
    }
    writeSync(this.#descriptor, text);
  }

  /** The kubelet rotates what has become large: never an empty file. */
  get mayRotate(): boolean {
    return Date.now() - this.#begunMs >= ROTATION_MS_MIN && this.lineBytes.length > this.#files.at(-1)!.first;
  }

  /**
   * As pkg/kubelet/logs/container_log_manager.go does it, one round.
   * @returns the first line whose file is not deleted
   */
  rotate(): number {
    const directory = dirname(this.#live);
    const rotated = readdirSync(directory).filter((name) => name !== '0.log');
    const compressed = rotated.filter((name) => name.endsWith('.gz')).toSorted();
    for (const name of compressed.slice(0, Math.max(0, compressed.length - GZIP_FILES_MAX + 1))) {
      rmSync(join(directory, name));
      this.#noteDeleted();
    }
    for (const name of rotated.filter((each) => !each.endsWith('.gz'))) {
      const path = join(directory, name);
      writeFileSync(`${path}.tmp`, gzipSync(readFileSync(path), { level: 1 }));
      renameSync(`${path}.tmp`, `${path}.gz`);
      rmSync(path);
    }
    // Names have seconds; a later one must be another.
    this.#rotatedAtSeconds = Math.max(Math.floor(Date.now() / 1000), this.#rotatedAtSeconds + 1);
    const stamp = new Date(this.#rotatedAtSeconds * 1000).toISOString().slice(0, 19);
    renameSync(this.#live, `${this.#live}.${stamp.replaceAll(/[-:]/g, '').replace('T', '-')}`);
    const old = this.#descriptor;
    this.#descriptor = this.#begin();
    closeSync(old);
    this.#begunMs = Date.now();
    return this.#files.find(({ deletedMs }) => deletedMs === Infinity)!.first;
  }

  /** From when the first of these lines was written until the file of the last one was deleted. */
  timeOf(first: number, end: number): { readonly sinceMs: number; readonly untilMs: number } {
    const { deletedMs } = this.#files.findLast((file) => file.first < end)!;
    return { sinceMs: this.#lineMs[first]!, untilMs: deletedMs };
  }

  /** From when a line was written until its file was deleted, if it was the last one in it. */
  timeAsLast(line: number): { readonly sinceMs: number; readonly untilMs: number } | undefined {
    const file = this.#files.findLast(({ first }) => first <= line);
    const isLast = line === this.lineBytes.length - 1 || this.#files.some(({ first }) => first === line + 1);
    return isLast && file !== undefined ? { sinceMs: this.#lineMs[line]!, untilMs: file.deletedMs } : undefined;
  }

  #begin(): number {
    this.#files.push({ first: this.lineBytes.length, deletedMs: Infinity });
    return openSync(this.#live, 'a');
  }

  #noteDeleted(): void {
    const file = this.#files.find(({ deletedMs }) => deletedMs === Infinity);
    file!.deletedMs = Date.now();
  }

  end(): void {
    closeSync(this.#descriptor);
  }

  /** Its last words are said just before: of a pod that was silent nobody could know that it had not spoken again. */
  removeFiles(): void {
    this.write(1);
    this.end();
    const directory = dirname(this.#live);
    // The newest is the first one.
    for (const name of readdirSync(directory).toSorted()) {
      rmSync(join(directory, name));
      this.#noteDeleted();
    }
  }

  /** The kubelet does this up to a minute later. */
  removeDirectory(): void {
    rmSync(this.#directory, { recursive: true });
  }
}
