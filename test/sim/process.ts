/** The store as a process on a simulated disk: everything that a server's main.ts puts together, in one thread. */
import type { Logger } from 'pino';
import { CorruptionError } from '../../shared/errors.ts';
import { Metrics } from '../../shared/metrics.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { instantOf } from '../../shared/time.ts';
import { BatchAcceptor } from '../../server/ingest/accept-batch.ts';
import { Positions } from '../../server/ingest/positions.ts';
import { Backups } from '../../server/engines/embedded/core/backup.ts';
import { compact } from '../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../server/engines/embedded/lane/compaction/compactor.ts';
import { eraseSegment } from '../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { findErased } from '../../server/engines/embedded/lane/erasure/find-erased.ts';
import { Erasures } from '../../server/engines/embedded/lane/erasure/erasures.ts';
import { segmentPath } from '../../server/engines/embedded/platform/filenames.ts';
import { flush } from '../../server/engines/embedded/core/flush.ts';
import type { Plan } from '../../server/store/search-plan.ts';
import { Indexes } from '../../server/engines/embedded/scan/index-lookup.ts';
import type { StoredBytes } from '../../server/engines/embedded/scan/open-files.ts';
import { RowGroups } from '../../server/engines/embedded/scan/row-groups.ts';
import { scan } from '../../server/engines/embedded/scan/scan.ts';
import { type ScanContext, selectRows } from '../../server/engines/embedded/scan/select.ts';
import type { lockFolder } from '../../server/engines/embedded/platform/lock.ts';
import { ExpiryClock } from '../../server/engines/embedded/core/expiry-clock.ts';
import { Retention, type RetentionOptions } from '../../server/engines/embedded/lane/retention/retention.ts';
import type { LiveSegment } from '../../server/engines/embedded/core/recover.ts';
import type { RowGroupRef } from '../../server/engines/embedded/segment/row-group-ref.ts';
import { Store } from '../../server/engines/embedded/core/store.ts';
import { RETENTION_MS, type RetentionScript, RULES } from './operations.ts';
import type { SimDisk } from './sim-disk.ts';
import { type SeenLine, TORN } from './truth.ts';
import type { VirtualTime } from './virtual-time.ts';

export const DATA_DIR = '/srv/podlog';
export const INDEXED_FIELDS = ['id', 'user', 'level'];

export interface Process {
  readonly disk: SimDisk;
  readonly store: Store;
  readonly clock: ExpiryClock;
  readonly positions: Positions;
  readonly acceptor: BatchAcceptor;
  readonly compactor: Compactor;
  readonly retention: Retention;
  readonly erasures: Erasures;
  readonly backups: Backups;
  /** What the worker threads have read. */
  readonly rowGroups: RowGroups;
  readonly workers: ScanContext;
}

/** What the store says while it runs. */
export interface Ears {
  /** Damage was reported; or TORN, when the end of the WAL was taken for torn. */
  readonly onReport: (path: string) => void;
  /** Something failed and will be tried again. */
  readonly onFailure: (error: Error) => void;
  /** It looked at the clock. */
  readonly onClock: () => void;
  /** The retention is about to drop segments as they are. */
  readonly onDrop: (segments: readonly Pick<LiveSegment, 'path'>[]) => void;
  /** A snapshot is to have these row groups. */
  readonly onCheckpoint: (rowGroups: readonly RowGroupRef[]) => void;
  readonly note: (text: string) => void;
}

/** A simulated disk has no other processes. */
export const noLock: typeof lockFolder = async () => ({
  release: async () => {},
  [Symbol.asyncDispose]: async () => {},
});

export async function startProcess(
  disk: SimDisk,
  time: VirtualTime,
  { isByRules, bytesMax }: RetentionScript,
  ears: Ears,
): Promise<Process> {
  let erasureCount = 0;
  const now = (): number => {
    ears.onClock();
    return time.now();
  };
  const log = listeningLogger(ears);
  const { monotonicMs } = time;
  const clock = new ExpiryClock({ now, monotonicMs, log });
  const positions = new Positions(
    () => clock.steadyNow(),
    () => clock.keepsAll(),
  );
  const rules = isByRules ? RULES : [];
  const shared = { disk, dataDir: DATA_DIR, indexedFields: INDEXED_FIELDS, now, log };
  const metrics = new Metrics();
  const store = await Store.open({
    ...shared,
    clock,
    metrics,
    state: positions,
    flush: (input) => flush(disk, input),
    lock: noLock,
  });
  const backups = await Backups.open({ ...shared, store: checkpointed(store, ears) });
  const erasures = await Erasures.open({
    ...shared,
    store,
    lock: noLock,
    erase: (input, stop) => eraseSegment(disk, input, () => stop.aborted),
    find: (input, stop) => findErased(disk, input, () => stop.aborted),
    newId: () => `erasure-${String(time.now())}-${String(++erasureCount)}`,
  });
  const compactHere: RetentionOptions['compact'] = (input, stop) => compact(disk, input, () => stop.aborted);
  const retention = new Retention({
    ...shared,
    expiryNow: () => clock.expiryNow(),
    store: watched(store, ears),
    rules,
    retentionMs: RETENTION_MS,
    bytesMax,
    compact: compactHere,
  });
  const compactor = new Compactor({ ...shared, now: monotonicMs, store, metrics, compact: compactHere });
  const files = simulatedFiles(disk);
  const rowGroups = new RowGroups(files);
  const workers = workersOf(store, files, rowGroups, time);
  const acceptor = new BatchAcceptor(store, positions);
  return { disk, store, clock, positions, acceptor, compactor, retention, erasures, backups, rowGroups, workers };
}

/** As main.ts ends: what runs is told to stop, and waited for. */
export async function endProcess({ store, retention, compactor, erasures }: Process): Promise<void> {
  const ended = [retention.close(), compactor.close()];
  await store.close();
  await Promise.all(ended);
  await erasures.close();
}

/** All lines of some row groups. @throws CorruptionError */
export function readLines(rowGroups: readonly RowGroupRef[], files: StoredBytes): SeenLine[] {
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
  return rows.slice(0, rows.length).flatMap(({ group, row }) => linesOf(opened.open(group), [row]));
}

/** The store as the retention has it. */
function watched(store: Store, { onDrop }: Ears): RetentionOptions['store'] {
  return {
    get manifest() {
      return store.manifest;
    },
    isWhole: (segment) => store.isWhole(segment),
    maintain: (job) => store.maintain(job),
    segments: () => store.segments(),
    quarantine: (rowGroup, error) => store.quarantine(rowGroup, error),
    takeSequence: () => store.takeSequence(),
    replaceSegments: (old, added) => {
      if (added.length === 0) onDrop(old);
      return store.replaceSegments(old, added);
    },
  };
}

/** The store as backups have it. */
function checkpointed(store: Store, { onCheckpoint }: Ears): Pick<Store, 'checkpoint' | 'maintain'> {
  return {
    maintain: (job) => store.maintain(job),
    checkpoint: async () => {
      const manifest = await store.checkpoint();
      const named = new Set(manifest.segments.map(({ day, sequence }) => segmentPath(DATA_DIR, day, sequence)));
      const segments = store.segments().filter(({ path }) => named.has(path));
      onCheckpoint(segments.flatMap(({ rowGroups }) => rowGroups));
      return manifest;
    },
  };
}

function simulatedFiles(disk: SimDisk): StoredBytes {
  const read = (path: string, offset: number, sizeBytes: number): Buffer => {
    const bytes = disk.readNow(path, offset, sizeBytes);
    if (bytes.length < sizeBytes) throw new CorruptionError(`${path} ends too soon`);
    return bytes;
  };
  return { read, peek: read };
}

/** The tasks of the worker threads: each takes some time, in which the store goes on. */
function workersOf(store: Store, files: StoredBytes, rowGroups: RowGroups, time: VirtualTime): ScanContext {
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
    quarantine: (rowGroup, error) => store.quarantine(rowGroup, error),
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
export function listeningLogger({ onReport, onFailure, note }: Pick<Ears, 'onReport' | 'onFailure' | 'note'>): Logger {
  const listen = (found: { path?: string; tornBytes?: number; err?: Error }, text: string): void => {
    note(`store: ${text}${found.err === undefined ? '' : `: ${found.err.message}`}`);
    const isDamage = text.startsWith('damaged data') || text === 'erased rows that cannot be read';
    if (isDamage && found.path !== undefined) onReport(found.path);
    if ((found.tornBytes ?? 0) > 0) onReport(TORN);
    if (found.err !== undefined) onFailure(found.err);
  };
  return { debug: listen, info: listen, warn: listen, error: listen } as unknown as Logger;
}
