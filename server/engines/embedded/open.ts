/** Opens the store of a data folder, with all its jobs: flushes, compaction, retention, erasures, tails, queries. */
import type { Logger } from 'pino';
import { UnavailableError } from '../../../shared/errors.ts';
import type { JsonValue } from '../../../shared/json-value.ts';
import type { Metrics } from '../../../shared/metrics.ts';
import { MS_PER_DAY } from '../../../shared/time.ts';
import { RETRY_AFTER_DISK_SECONDS, STREAMS_BYTES_MAX, STREAMS_MAX, TAILS_TEXT_BYTES_MAX } from '../../limits.ts';
import type { BatchState } from './core/batch-state.ts';
import type { LogReader, LogStore } from '../../store/log-store.ts';
import type { StoredPositions } from '../../store/positions.ts';
import { type RunTask, taskFlow } from '../../workers/task.ts';
import { checkFolder } from './check/check-folder.ts';
import { CHECK_SEGMENT } from './check/check-segment.ts';
import { checkAbility } from './check/running-check.ts';
import { Backups } from './core/backup.ts';
import { intakeOf } from './core/intake.ts';
import type { RowGroupRef } from './segment/row-group-ref.ts';
import { FLUSH } from './core/flush.ts';
import { CURSOR_KEY, readSecretKey, SESSION_KEY } from './core/secret-key.ts';
import { Sessions } from './core/sessions.ts';
import { Store } from './core/store.ts';
import { Views } from './core/views.ts';
import { embeddedLogStore } from './embedded-log-store.ts';
import { embeddedReader } from './embedded-reader.ts';
import { COMPACT, type CompactInput, type CompactOutput } from './lane/compaction/compact.ts';
import { Compactor } from './lane/compaction/compactor.ts';
import { ERASE } from './lane/erasure/erase-segment.ts';
import { Erasures } from './lane/erasure/erasures.ts';
import { FIND_ERASED } from './lane/erasure/find-erased.ts';
import { ExpiryClock } from './core/expiry-clock.ts';
import { longestAgeMs, Retention } from './lane/retention/retention.ts';
import { ageByRules, rulesOfTenant } from './lane/retention/rules.ts';
import { loadRetentionRules } from './lane/retention/rules-file.ts';
import { realDisk } from './platform/disk.ts';
import { queryInWorkers, tailsInWorkers } from './query-in-workers.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Infinity keeps everything. */
  readonly retentionMs: number;
  /** Size of all files; Infinity if only age counts. */
  readonly maxSizeBytes: number;
  /** A file of retention rules, see lane/retention/rules.ts. */
  readonly retentionRulesPath: string | undefined;
  /** Fields that get an index in new segments. */
  readonly indexedFields: readonly string[];
  /** State of the senders that is kept besides the rows; it forgets by the store's own clock. */
  readonly state: (clock: Pick<ExpiryClock, 'steadyNow' | 'keepsAll'>) => SenderState;
  /** Returns what is wrong with a saved state, or undefined. */
  readonly stateProblem: (saved: JsonValue) => string | undefined;
  /** Whose lines these are, where there are tenants: retention rules may name it. */
  readonly tenant?: string | undefined;
  /** Its share of what several stores may hold; all by default. */
  readonly share?: number;
  /** Runs a task in a worker. */
  readonly run: RunTask;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a clock that does not jump; by default that of the process. */
  readonly monotonicMs?: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface SenderState extends BatchState, StoredPositions {
  /** Forgets what will not be asked for any more. */
  expire(): void;
}

/**
 * Locks and recovers the folder, which is created when it is missing.
 * @throws UsageError  one line about the folder or the retention rules
 */
export async function openEmbeddedLogStore(options: EmbeddedOptions): Promise<LogStore> {
  const { dataDir, retentionMs, maxSizeBytes, retentionRulesPath, indexedFields, stateProblem } = options;
  const { share = 1 } = options;
  const { run, now, monotonicMs = () => performance.now(), log, metrics } = options;
  const allRules = retentionRulesPath === undefined ? [] : await loadRetentionRules(retentionRulesPath);
  const rules = rulesOfTenant(allRules, options.tenant);
  const flushes = taskFlow('flush');
  const maintenance = taskFlow('maintenance');
  const checks = taskFlow('maintenance');
  const clock = new ExpiryClock({ now, monotonicMs, log });
  const positions = options.state(clock);
  const store = await Store.open({
    dataDir,
    indexedFields,
    now,
    clock,
    log,
    metrics,
    state: positions,
    streamLimits: { count: Math.floor(STREAMS_MAX * share), bytes: Math.floor(STREAMS_BYTES_MAX * share) },
    flush: (input) => run(FLUSH, input, { flow: flushes }),
  });
  try {
    const views = await Views.open(dataDir, log);
    const sessions = await Sessions.open(dataDir, await readSecretKey(realDisk, dataDir, SESSION_KEY, log), log);
    const backups = await Backups.open({ store, dataDir });
    const erasures = await Erasures.open({
      store,
      dataDir,
      indexedFields,
      now,
      log,
      erase: (input, stop) => run(ERASE, input, { stop, flow: maintenance }),
      find: (input, stop) => run(FIND_ERASED, input, { stop, flow: maintenance }),
      keptMs: longestAgeMs(rules, retentionMs) + MS_PER_DAY,
      expiryNow: () => clock.expiryNow(),
    });
    const compact = (input: CompactInput, stop: AbortSignal): Promise<CompactOutput> =>
      run(COMPACT, input, { stop, flow: maintenance });
    const shared = { store, dataDir, indexedFields, compact, log };
    const retention = new Retention({
      ...shared,
      rules,
      retentionMs,
      bytesMax: maxSizeBytes,
      expiryNow: () => clock.expiryNow(),
    });
    const compactor = new Compactor({ ...shared, now: monotonicMs, metrics });
    const ageOf = ageByRules(rules, retentionMs);
    return embeddedLogStore({
      store,
      capacity: () => ({
        space: store.space,
        retention: {
          ageMs: retentionMs,
          maxSizeBytes,
          rules: rules.map(({ selector, ageMs }) => ({ selector: Object.fromEntries(selector), ageMs })),
        },
        ...intakeOf(rowGroupsOf(store), now(), ageOf),
      }),
      positions,
      erasures,
      reader: hiddenMeanwhile(
        embeddedReader({
          store,
          tails: tailsInWorkers(store, run, metrics, Math.floor(TAILS_TEXT_BYTES_MAX * share)),
          cursorKey: await readSecretKey(realDisk, dataDir, CURSOR_KEY, log),
          newQuery: (statistics) => queryInWorkers(store, run, statistics),
        }),
        () => erasures.hides,
      ),
      tick: () => {
        positions.expire();
        void retention.tick();
        compactor.tick();
      },
      jobs: [retention, compactor],
      abilities: {
        views,
        sessions,
        backups,
        check: checkAbility(backups, (folder, stop) =>
          checkFolder({
            disk: realDisk,
            dataDir: folder,
            checkSegment: (input) => run(CHECK_SEGMENT, input, { stop, flow: checks }),
            stateProblem,
          }),
        ),
      },
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Shows no line while a reason is given: not all that must be erased of a restored store is. */
function hiddenMeanwhile(reader: LogReader, reasonNow: () => string | undefined): LogReader {
  const assertShown = (): void => {
    const reason = reasonNow();
    if (reason !== undefined) throw new UnavailableError(`no line is shown yet: ${reason}`, RETRY_AFTER_DISK_SECONDS);
  };
  return {
    ...reader,
    view: () => {
      assertShown();
      return reader.view();
    },
    follow: (...question) => {
      assertShown();
      return reader.follow(...question);
    },
  };
}

/** Returns the row groups of this moment; nothing is read of them. */
function rowGroupsOf(store: Store): readonly RowGroupRef[] {
  const snapshot = store.snapshot();
  snapshot.release();
  return snapshot.rowGroups;
}
