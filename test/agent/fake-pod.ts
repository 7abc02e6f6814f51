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
const FIRST_ROTATION_MS_MIN = 3_000;

export class FakePod {
  /** Unique, so that its lines are found even when nothing else is known of it. */
  readonly container: string;
  readonly #directory: string;
  readonly #live: string;
  #descriptor: number;
  /** Bytes in the log file of each line, by its number. */
  readonly lineBytes: number[] = [];
  #rotatedAtSeconds = 0;
  readonly #madeMs = Date.now();

  constructor(podsDir: string, number: number) {
    this.container = `app-${number}`;
    this.#directory = join(podsDir, `soak_pod-${number}_uid-${number}`);
    this.#live = join(this.#directory, this.container, '0.log');
    mkdirSync(dirname(this.#live), { recursive: true });
    this.#descriptor = openSync(this.#live, 'a');
  }

  write(lineCount: number): void {
    const time = new Date().toISOString();
    let text = '';
    for (let i = 0; i < lineCount; i++) {
      const n = this.lineBytes.length;
      const line = `${time} stdout F {"level":"info","n":${n},"message":"${'x'.repeat((n * 7) % 200)}"}\n`;
      this.lineBytes.push(line.length);
      text += line;
    }
    writeSync(this.#descriptor, text);
  }

  get mayRotate(): boolean {
    return Date.now() - this.#madeMs >= FIRST_ROTATION_MS_MIN;
  }

  /** As pkg/kubelet/logs/container_log_manager.go does it, one round. */
  rotate(): void {
    const directory = dirname(this.#live);
    const rotated = readdirSync(directory).filter((name) => name !== '0.log');
    const compressed = rotated.filter((name) => name.endsWith('.gz')).toSorted();
    for (const name of compressed.slice(0, Math.max(0, compressed.length - GZIP_FILES_MAX + 1))) {
      rmSync(join(directory, name));
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
    this.#descriptor = openSync(this.#live, 'a');
    closeSync(old);
  }

  end(): void {
    closeSync(this.#descriptor);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}
