/** What all parts of a run share: its script, its machine, the store's process, and the truth that it is held against. */
import { UnavailableError, UnreadableError, UsageError } from '../../shared/errors.ts';
import { errorCode } from '../../shared/system-error.ts';
import type { RowGroupRef } from '../../server/engines/embedded/segment/row-group-ref.ts';
import { Random } from '../corpus/random.ts';
import { DiskImage, type FileNode } from './disk-image.ts';
import { Expiry } from './expiry.ts';
import { type Loss, type Script, WRITERS } from './operations.ts';
import type { Process } from './process.ts';
import { type TrueLine, Truth } from './truth.ts';
import { VirtualTime } from './virtual-time.ts';

/** 2026-11-23T12:00Z. */
export const START_MS = Date.UTC(2026, 10, 23, 12);

/** The store broke a promise. */
export class Wrong extends Error {}

/** A snapshot that the store has said to be durable. */
export interface TrueBackup {
  readonly name: string;
  /** What the store had at its instant. */
  readonly lines: readonly TrueLine[];
}

/** Owned by one simulation; the functions beside it change it. */
export class Run {
  readonly script: Script;
  readonly log: string[] = [];
  readonly image = new DiskImage();
  readonly time = new VirtualTime(START_MS);
  readonly expiry: Expiry;
  readonly truth: Truth;
  /** Paths of which damage was reported. */
  readonly reports = new Set<string>();
  /** Small files that a person would restore from a backup, as they were before they were damaged. */
  readonly originals = new Map<FileNode, Buffer>();
  /** By path: row groups of damaged segments, as they were when the store could still read their tables. */
  readonly tables = new Map<string, readonly RowGroupRef[]>();
  readonly backups: TrueBackup[] = [];
  /** What the store had when the last snapshot was begun. */
  checkpoint: readonly TrueLine[] = [];
  /** Starts meet crashes and faults of their own. */
  harmsStarts = true;
  /** A snapshot is being made. */
  isBackingUp = false;
  /** What becomes of the manifest before the next start. */
  nextLoss: Loss | undefined;
  /** The next start meets a WAL file whose header is lost. */
  losesHeader = false;
  /** WAL files that lie before one whose header is lost: their last group may be set aside, once that was reported. */
  readonly endsInDoubt = new Set<string>();
  /** Some start had to make a manifest of the other files. */
  hasLostManifests = false;
  /** Segments that went because of the room they took. */
  droppedBySize = 0;
  readonly running = new Set<string>();
  random = new Random(0);
  process!: Process;
  /** What went wrong in something that nobody waits for. */
  failure: Error | undefined;
  #jobCount = 0;

  constructor(script: Script) {
    this.script = script;
    this.expiry = new Expiry(script.retention);
    this.truth = new Truth(WRITERS, this.expiry);
  }

  /** Positions may fall behind what was acknowledged. */
  get mayFallBack(): boolean {
    return this.script.harm.flips || this.hasLostManifests || !this.endsInDoubt.isDisjointFrom(this.reports);
  }

  readonly note = (text: string): void => {
    this.log.push(`${new Date(this.time.now()).toISOString()} ${text}`);
  };

  /** Begins something beside all that runs already. What it throws fails the run. */
  launch(name: string, job: () => Promise<unknown>): void {
    const id = `${name} ${++this.#jobCount}`;
    this.running.add(id);
    job()
      .catch((error: unknown) => (this.failure ??= asError(error)))
      .finally(() => this.running.delete(id));
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

export function isDiskFailure(error: unknown): boolean {
  const isWrapped =
    error instanceof UsageError || error instanceof UnavailableError || error instanceof UnreadableError;
  const code = errorCode(isWrapped ? error.cause : error);
  return code === 'EIO' || code === 'ENOSPC';
}

/** @returns undefined when the disk failed, which it may */
export async function unlessDiskFails<T>(job: () => Promise<T>): Promise<T | undefined> {
  try {
    return await job();
  } catch (error) {
    if (isDiskFailure(error)) return undefined;
    throw error;
  }
}

/** @returns undefined when the store cannot do it now */
export async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    throw error;
  }
}
