/**
 * An erasure on disk: one small file a job, `erasures/<id>.json`, replaced as a whole like the manifest. While the job
 * runs, the file has the filter, because a crash must not end the job. Once it is done, the filter stays for as long as
 * the erasure is remembered; then it is gone with the old file, and the time, the names and the number of rows remain:
 * proof that it was done, without the values. A hash of the value would not do to recognise lines that come back, and
 * is not kept either: for a number like a user's, all candidates can be tried.
 */
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { CorruptionError } from '../../../../shared/errors.ts';
import { type Disk, isReadError } from '../platform/disk.ts';
import { COUNT, decodeJsonFile, encodeJsonFile, replaceJsonFile } from '../platform/json-file.ts';
import { ERASURES_FOLDER } from '../platform/filenames.ts';
import type { ErasureRequest } from '../../../store/erasure-status.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { decodeFilter, encodeFilter, STORED_FILTER } from './stored-filter.ts';

/** Which files the job covers: those that hold rows that were acknowledged before it was. */
export interface Scope {
  /** Row groups of a lower `order` have such rows, others have none (see RowGroupRef.order). */
  readonly orderBefore: number;
  /** Row groups of a lower `order` had none when they were last looked at; 0 in the first run. */
  readonly orderFrom: number;
  /** Segments of a lower sequence that no manifest names, and WAL files of a lower one, must go. */
  readonly segmentBefore: number;
  readonly walBefore: number;
}

export interface ErasureJob {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly requestedMs: number;
  readonly names: readonly string[];
  readonly scope: Scope;
  /** Undefined once the job is done. */
  readonly filter: Predicate | undefined;
  /**
   * What is erased again where it comes back: the filter, for times up to the request; undefined when it is not
   * remembered.
   */
  readonly remembered: Predicate | undefined;
  readonly request: ErasureRequest | undefined;
  /** Erased rows of each segment, written before the segment is replaced, so that a crash loses no count. */
  readonly rewritten: readonly { readonly sequence: number; readonly rowCount: number }[];
  readonly done: Result | undefined;
  /** The result of earlier runs, while the job runs again. */
  readonly earlier: Result | undefined;
}

export interface Result {
  readonly atMs: number;
  readonly rowCount: number;
  readonly segmentCount: number;
}

const RESULT = v.object({ atMs: v.number(), rowCount: COUNT, segmentCount: COUNT });

const JOB_FILE = {
  what: 'the erasure',
  schema: v.object({
    id: v.string(),
    requestedMs: v.number(),
    names: v.array(v.string()),
    scope: v.object({
      orderBefore: COUNT,
      orderFrom: v.optional(COUNT, 0),
      segmentBefore: COUNT,
      walBefore: COUNT,
    }),
    filter: v.nullable(STORED_FILTER),
    // Absent in files of older versions, which ignore it, and in those of erasures that are not remembered.
    remembered: v.exactOptional(STORED_FILTER),
    // Likewise.
    request: v.exactOptional(
      v.object({ text: v.string(), textWithoutValues: v.string(), startMs: v.number(), endMs: v.number() }),
    ),
    rewritten: v.array(v.object({ sequence: COUNT, rowCount: COUNT })),
    done: v.nullable(RESULT),
    earlier: v.exactOptional(RESULT),
  }),
};

export function jobPath(dataDir: string, id: string): string {
  return join(dataDir, ERASURES_FOLDER, `${id}.json`);
}

/** Owns the files of the jobs. Each is written by one caller at a time. */
export class JobFiles {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, dataDir: string) {
    this.#disk = disk;
    this.#folder = join(dataDir, ERASURES_FOLDER);
  }

  /** Returns jobs in the order of their requests, and files that cannot be read. Half-written ones are removed. */
  async load(): Promise<{ jobs: ErasureJob[]; unreadable: string[] }> {
    const jobs: ErasureJob[] = [];
    const unreadable: string[] = [];
    for (const name of await this.#disk.list(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.endsWith('.json.tmp')) await this.#disk.remove(path);
      if (!name.endsWith('.json')) continue;
      try {
        jobs.push(decodeJob((await this.#disk.readFile(path)).toString('utf8')));
      } catch (error) {
        if (!(error instanceof CorruptionError || isReadError(error))) throw error;
        unreadable.push(path);
      }
    }
    return { jobs: jobs.toSorted((a, b) => a.scope.segmentBefore - b.scope.segmentBefore), unreadable };
  }

  /** Resolves when the job is durable. */
  async save(job: ErasureJob): Promise<void> {
    const path = join(this.#folder, `${job.id}.json`);
    await this.#disk.makeFolder(this.#folder);
    await this.#disk.syncFolder(dirname(this.#folder));
    await replaceJsonFile(this.#disk, path, encodeJob(job), `${path}.tmp`);
    await this.#disk.syncFolder(this.#folder);
  }

  async remove(id: string): Promise<void> {
    await this.#disk.remove(join(this.#folder, `${id}.json`));
  }
}

export function encodeJob({ filter, remembered, request, done, earlier, ...job }: ErasureJob): string {
  return encodeJsonFile({
    ...job,
    done: done ?? null,
    filter: filter === undefined ? null : encodeFilter(filter),
    ...(remembered !== undefined && { remembered: encodeFilter(remembered) }),
    ...(request !== undefined && { request }),
    ...(earlier !== undefined && { earlier }),
  });
}

/** Returns the room that the memory of an erasure takes in its file. */
export function rememberedBytes({ remembered }: ErasureJob): number {
  return remembered === undefined ? 0 : Buffer.byteLength(JSON.stringify(encodeFilter(remembered)));
}

/** @throws CorruptionError */
export function decodeJob(text: string): ErasureJob {
  const { filter, remembered, request, done, earlier, ...job } = decodeJsonFile(text, JOB_FILE);
  return {
    ...job,
    filter: filter === null ? undefined : decodeFilter(filter),
    remembered: remembered && decodeFilter(remembered),
    request,
    done: done ?? undefined,
    earlier,
  };
}
