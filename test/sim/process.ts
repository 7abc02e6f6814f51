/** The store as a process on a simulated disk: everything that a server's main.ts puts together, in one thread. */
import type { Logger } from 'pino';
import { CorruptionError } from '../../shared/errors.ts';
import { Metrics } from '../../shared/metrics.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { instantOf } from '../../shared/time.ts';
import { BatchAcceptor } from '../../server/ingest/accept-batch.ts';
import { Positions } from '../../server/ingest/positions.ts';
import { compact } from '../../server/store/compaction/compact.ts';
import { Compactor } from '../../server/store/compaction/compactor.ts';
import { eraseSegment } from '../../server/store/erasure/erase-segment.ts';
import { Erasures } from '../../server/store/erasure/erasures.ts';
import { flush } from '../../server/store/flush.ts';
import type { Plan } from '../../server/store/scan/plan.ts';
import { Indexes } from '../../server/store/scan/index-lookup.ts';
import type { FileReader } from '../../server/store/scan/open-files.ts';
import { RowGroups } from '../../server/store/scan/row-groups.ts';
import { scan } from '../../server/store/scan/scan.ts';
import { type ScanContext, selectRows } from '../../server/store/scan/select.ts';
import type { RowGroupRef } from '../../server/store/snapshot.ts';
import { Store } from '../../server/store/store.ts';
import { RETENTION_MS } from './operations.ts';
import type { SimDisk } from './sim-disk.ts';
import type { SeenLine } from './truth.ts';
import type { VirtualTime } from './virtual-time.ts';

export const DATA_DIR = '/srv/podlog';

export interface Process {
  readonly disk: SimDisk;
  readonly store: Store;
  readonly positions: Positions;
  readonly acceptor: BatchAcceptor;
  readonly compactor: Compactor;
  readonly erasures: Erasures;
  /** What the worker threads have read. */
  readonly rowGroups: RowGroups;
  readonly workers: ScanContext;
}

/** What the store says while it runs. */
export interface Ears {
  /** Damage was reported; or `torn`, when the end of the WAL was taken for torn. */
  readonly onReport: (path: string) => void;
  /** Something failed and will be tried again. */
  readonly onFailure: (error: Error) => void;
  readonly note: (text: string) => void;
}

export async function startProcess(disk: SimDisk, time: VirtualTime, ears: Ears): Promise<Process> {
  let erasureCount = 0;
  const positions = new Positions(time.now);
  const shared = {
    disk,
    dataDir: DATA_DIR,
    indexedFields: ['id', 'user', 'level'],
    now: time.now,
    log: listeningLogger(ears),
    metrics: new Metrics(),
  };
  const store = await Store.open({
    ...shared,
    retentionMs: RETENTION_MS,
    state: positions,
    flush: (input) => flush(disk, input),
    lock: async () => ({ release: async () => {} }),
  });
  const erasures = await Erasures.open({
    ...shared,
    store,
    snapshotsDir: `${DATA_DIR}/snapshots`,
    erase: (input, stop) => eraseSegment(disk, input, () => stop.aborted),
    newId: () => `erasure-${String(time.now())}-${String(++erasureCount)}`,
  });
  const compactor = new Compactor({
    ...shared,
    store,
    compact: (input, stop) => compact(disk, input, () => stop.aborted),
  });
  const files = simulatedFiles(disk);
  const rowGroups = new RowGroups(files);
  const workers = workersOf(store, files, rowGroups, time);
  return {
    disk,
    store,
    positions,
    acceptor: new BatchAcceptor(store, positions),
    compactor,
    erasures,
    rowGroups,
    workers,
  };
}

/** As main.ts ends: what runs is told to stop, and waited for. */
export async function endProcess({ store, compactor, erasures }: Process): Promise<void> {
  const ended = compactor.close();
  await store.close();
  await ended;
  await erasures.close();
}

/** All lines of some row groups. @throws CorruptionError */
export function readLines(rowGroups: readonly RowGroupRef[], files: FileReader): SeenLine[] {
  const opened = new RowGroups(files);
  return rowGroups.flatMap((ref) => {
    const group = opened.open(ref);
    return linesOf(
      group,
      Array.from({ length: group.info.rowCount }, (_, row) => row),
    );
  });
}

/** What the store's own search finds, in its order. */
export async function search(
  { workers, rowGroups: opened }: Process,
  rowGroups: readonly RowGroupRef[],
  plan: Plan,
): Promise<SeenLine[]> {
  const rows = await selectRows(rowGroups, plan, workers, new AbortController().signal);
  return rows.flatMap(({ group, row }) => linesOf(opened.open(group), [row]));
}

function simulatedFiles(disk: SimDisk): FileReader {
  const read = (path: string, offset: number, sizeBytes: number): Buffer => {
    const bytes = disk.readNow(path, offset, sizeBytes);
    if (bytes.length < sizeBytes) throw new CorruptionError(`${path} ends too soon`);
    return bytes;
  };
  return { read, peek: read };
}

/** The tasks of the worker threads: each takes some time, in which the store goes on. */
function workersOf(store: Store, files: FileReader, rowGroups: RowGroups, time: VirtualTime): ScanContext {
  const indexes = new Indexes(files);
  return {
    lookUp: async (input) => {
      await time.wait(1);
      return indexes.lookUp(input);
    },
    scan: async (input) => {
      await time.wait(1);
      return scan(input, rowGroups);
    },
    setAside: (rowGroup, error) => store.setAside(rowGroup, error),
  };
}

function linesOf(group: RowGroup, rows: readonly number[]): SeenLine[] {
  const { bytes, offsets } = group.lines(rows);
  return rows.map((row, i) => ({
    text: bytes.toString('utf8', offsets[i], offsets[i + 1]),
    labels: group.info.streams[group.streamCodes()[row]!]!,
    instant: instantOf(group.info.baseDay, group.timesNs()[row]!),
  }));
}

/** The store tells of damage and failures through its log. */
function listeningLogger({ onReport, onFailure, note }: Ears): Logger {
  const listen = (found: { path?: string; tornBytes?: number; err?: Error }, text: string): void => {
    note(`store: ${text}${found.err === undefined ? '' : `: ${found.err.message}`}`);
    const isDamage = text.startsWith('damaged data') || text === 'rows that cannot be read went too';
    if (isDamage && found.path !== undefined) onReport(found.path);
    if ((found.tornBytes ?? 0) > 0) onReport('torn');
    if (found.err !== undefined) onFailure(found.err);
  };
  return { debug: listen, info: listen, warn: listen, error: listen } as unknown as Logger;
}
