/** Starts the server: opens the store, then listens. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { UsageError } from '../shared/errors.ts';
import { Metrics } from '../shared/metrics.ts';
import { buildApp } from './app.ts';
import { type AccessOptions, openAccess } from './auth/access.ts';
import { BatchAcceptor } from './ingest/accept-batch.ts';
import { coarseningReporter } from './ingest/coarse-labels.ts';
import { Positions } from './ingest/positions.ts';
import type { KubernetesOptions } from './kubernetes/cluster.ts';
import { HOUSEKEEPING_MS, WORKERS } from './limits.ts';
import { WatchedRules } from './rules/watched-rules.ts';
import { COMPACT, type CompactInput, type CompactOutput } from './engines/embedded/lane/compaction/compact.ts';
import { Compactor } from './engines/embedded/lane/compaction/compactor.ts';
import { FLUSH } from './engines/embedded/core/flush.ts';
import { diskErrorCode } from './engines/embedded/platform/disk.ts';
import { Backups } from './engines/embedded/core/backup.ts';
import { SNAPSHOTS_FOLDER } from './engines/embedded/core/filenames.ts';
import { ERASE } from './engines/embedded/lane/erasure/erase-segment.ts';
import { Erasures } from './engines/embedded/lane/erasure/erasures.ts';
import { ExpiryClock } from './engines/embedded/lane/retention/expiry-clock.ts';
import { longestAgeMs, Retention } from './engines/embedded/lane/retention/retention.ts';
import { loadRetentionRules } from './engines/embedded/lane/retention/rules.ts';
import { Store } from './engines/embedded/core/store.ts';
import { WorkerPool } from './workers/pool.ts';
import { taskFlow } from './workers/task.ts';

export interface ServerOptions {
  readonly dataDir: string;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Infinity keeps everything. */
  readonly retentionMs: number;
  /** Of all files; Infinity when only time counts. */
  readonly maxSizeBytes?: number;
  /** A file of retention rules, see engines/embedded/lane/retention/rules.ts. */
  readonly retentionRulesPath?: string | undefined;
  /** A file that says what is kept, see rules/rules-file.ts. */
  readonly rulesPath?: string | undefined;
  /** Fields that get an index in new segments. */
  readonly indexedFields: readonly string[];
  /** Without it everybody may do everything, so only a loopback address is listened on. */
  readonly access?: AccessOptions;
  /** Undefined without a cluster: nothing of server/kubernetes/ is loaded then. */
  readonly kubernetes?: KubernetesOptions | undefined;
  readonly log: Logger;
}

export interface Server {
  readonly url: string;
  /** Finishes the requests in progress, makes everything durable, frees the data folder. */
  close(): Promise<void>;
}

/**
 * Leaves nothing open when it throws.
 * @throws UsageError  one line about the data folder or the address
 */
export async function startServer({
  dataDir,
  listen,
  retentionMs,
  maxSizeBytes = Infinity,
  retentionRulesPath,
  rulesPath,
  indexedFields,
  access: accessOptions = {},
  kubernetes,
  log,
}: ServerOptions): Promise<Server> {
  const now = Date.now;
  const rules = retentionRulesPath === undefined ? [] : await loadRetentionRules(retentionRulesPath);
  const metrics = new Metrics();
  // What is opened here is closed in the reverse order: at once when a later step fails, else by `close`.
  await using opened = new AsyncDisposableStack();
  const keepRules = await WatchedRules.open({ path: rulesPath, log, metrics });
  opened.defer(() => keepRules.close());
  const access = await openAccess(accessOptions, { host: listen.host, now, log, metrics });
  opened.defer(() => access.authenticator?.close());
  const cluster =
    kubernetes && (await (await import('./kubernetes/cluster.ts')).openCluster(kubernetes, { log, metrics, now }));
  opened.defer(() => cluster?.close());
  const pool = new WorkerPool({ size: WORKERS, log, metrics });
  opened.defer(() => pool.close());
  const flushes = taskFlow('flush');
  const maintenance = taskFlow('maintenance');
  const monotonicMs = (): number => performance.now();
  const clock = new ExpiryClock({ now, monotonicMs, log });
  const positions = new Positions(
    () => clock.steadyNow(),
    () => clock.keepsAll(),
  );
  const store = await Store.open({
    dataDir,
    retentionMs: longestAgeMs(rules, retentionMs),
    indexedFields,
    now,
    clock,
    log,
    metrics,
    state: positions,
    flush: (input) => pool.run(FLUSH, input, { flow: flushes }),
  });
  const jobs: { close(): Promise<void> }[] = [];
  opened.defer(async () => {
    // A job may wait for its turn in the store, which the store's end withdraws.
    const ended = jobs.map((job) => job.close());
    await store.close();
    await Promise.all(ended);
  });
  // Before the store is closed: what happens in the cluster is stored there.
  opened.defer(() => cluster?.stop());
  const snapshotsDir = join(dataDir, SNAPSHOTS_FOLDER);
  const backups = await Backups.open({ store, dataDir, snapshotsDir });
  const erasures = await Erasures.open({
    store,
    dataDir,
    snapshotsDir,
    indexedFields,
    now,
    log,
    erase: (input, stop) => pool.run(ERASE, input, { stop, flow: maintenance }),
  });
  jobs.push(erasures);
  const compactInWorker = (input: CompactInput, stop: AbortSignal): Promise<CompactOutput> =>
    pool.run(COMPACT, input, { stop, flow: maintenance });
  const retention = new Retention({
    store,
    dataDir,
    rules,
    retentionMs,
    bytesMax: maxSizeBytes,
    indexedFields,
    compact: compactInWorker,
    expiryNow: () => clock.expiryNow(),
    log,
  });
  const compactor = new Compactor({
    store,
    dataDir,
    indexedFields,
    now: monotonicMs,
    log,
    metrics,
    compact: compactInWorker,
  });
  jobs.push(retention, compactor);
  const acceptor = new BatchAcceptor(store, positions, cluster?.label, coarseningReporter({ log, metrics, now }));
  const app = buildApp({
    store,
    erasures,
    backups,
    positions,
    acceptor,
    rules: keepRules,
    podsOn: cluster?.podsOn,
    assertOwnPods: cluster?.assertOwnPods,
    pool,
    metrics,
    log,
    access,
    now,
  });
  opened.defer(() => app.close());
  const housekeeping = setInterval(() => {
    positions.expire();
    void retention.tick();
    compactor.tick();
    Promise.all([store.tick(), erasures.tick()]).catch((err: unknown) => {
      log.error({ err }, 'housekeeping failed and will be tried again');
    });
  }, HOUSEKEEPING_MS);
  opened.defer(() => clearInterval(housekeeping));
  const url = await listenOn(app, listen);
  cluster?.start({ acceptor, positions, rules: () => keepRules.rules });
  log.info({ url, dataDir }, 'listening');
  const running = opened.move();
  return { url, close: () => running.disposeAsync() };
}

async function listenOn(app: FastifyInstance, { host, port }: ServerOptions['listen']): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, `${host}:${port}`);
  }
  const { port: actualPort } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`;
}

function listenError(error: unknown, address: string): UsageError {
  const options = { cause: error };
  switch (diskErrorCode(error)) {
    case 'EADDRINUSE':
      return new UsageError(
        `${address} is in use: stop what listens there, or choose another with --listen`,
        1,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UsageError(`${address} is no address of this machine: choose another with --listen`, 1, options);
    case 'EACCES':
      return new UsageError(`${address} needs root: choose a port above 1023 with --listen`, 1, options);
    default:
      return new UsageError(`cannot listen on ${address}: ${String(error)}`, 1, options);
  }
}
