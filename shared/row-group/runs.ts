/**
 * Runs: which run of a container wrote a row. A stream has the lines of all runs of a container, so that a restart adds no
 * labels; a row group lists the runs that it has rows of, and each row has a code of one. Rows that were pushed, or stored
 * before runs were, have none.
 */
import type { ByteReader, ByteWriter } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { chainKey } from '../file-id.ts';
import { RUNS_MAX } from './format.ts';

/** One run of a container. */
export interface Run {
  /** The uid of its pod. */
  readonly uid: string;
  readonly container: string;
  /** How often the container had been restarted before: run 4 wrote 4.log. */
  readonly restart: number;
}

/** The code of rows whose run is not known; run i has the code i + 1. */
export const NO_RUN = 0;

/** The runs of some rows. */
export interface RowRuns {
  readonly runs: readonly Run[];
  /** By row. */
  readonly codes: ArrayLike<number>;
}

/** Returns the text that names a run, with which the ids of its log files begin. */
export function runKey({ uid, container, restart }: Run): string {
  return chainKey(uid, container, restart);
}

/** Both are parts of file names. */
const NAME_LENGTH_MAX = 255;

/** Memory of a run that a reader holds, besides its texts. */
const RUN_BYTES = 96;

/** Returns the memory of a run that a reader holds. */
export function runMemoryBytes({ uid, container }: Run): number {
  return RUN_BYTES + 2 * (uid.length + container.length);
}

export function writeRuns(header: ByteWriter, runs: readonly Run[]): void {
  header.varint(runs.length);
  for (const { uid, container, restart } of runs) {
    header.string(uid);
    header.string(container);
    header.varint(restart);
  }
}

/** @throws CorruptionError */
export function readRuns(reader: ByteReader): Run[] {
  const count = reader.count(3);
  if (count < 1 || count > RUNS_MAX) throw new CorruptionError(`a row group of ${count} runs`);
  return Array.from({ length: count }, () => ({
    uid: readName(reader),
    container: readName(reader),
    restart: reader.varint(),
  }));
}

function readName(reader: ByteReader): string {
  const name = reader.string();
  if (name.length > NAME_LENGTH_MAX) throw new CorruptionError(`a run with a name of ${name.length} characters`);
  return name;
}
