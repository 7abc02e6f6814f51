/** Starts the server: opens the store, then listens. */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { UsageError } from '../shared/errors.ts';
import { Metrics } from '../shared/metrics.ts';
import { errorCode } from '../shared/system-error.ts';
import { buildApp, newSharedParts } from './app.ts';
import { type AccessOptions, openAccess } from './auth/access.ts';
import { OidcSignIn } from './auth/oidc.ts';
import { Sessions } from './auth/sessions.ts';
import type { KubernetesOptions } from './kubernetes/cluster.ts';
import { WORKERS } from './limits.ts';
import { LOGQL_LIMITS, type LogqlLimits } from './query/logql/query-limits.ts';
import type { Discovery } from './query/logql/select.ts';
import { WatchedRules } from './rules/watched-rules.ts';
import type { Tenants } from './tenants/tenants.ts';
import { observeProcess } from './observe-process.ts';
import { keepHouse, type StoreParts, Stores } from './stores.ts';
import { WorkerPool } from './workers/pool.ts';

export interface ServerOptions {
  readonly dataDir: string;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Infinity keeps everything. */
  readonly retentionMs: number;
  /** Size of all files; Infinity if only age counts. */
  readonly maxSizeBytes?: number;
  /** A file of retention rules, see engines/embedded/lane/retention/rules.ts. */
  readonly retentionRulesPath?: string | undefined;
  /** A file of rules for agents, see rules/rules-file.ts. */
  readonly rulesPath?: string | undefined;
  /** Fields that get an index in new segments. */
  readonly indexedFields: readonly string[];
  /** Without it everyone may do everything, so the server listens only on a loopback address. */
  readonly access?: AccessOptions;
  /** What Loki's API adds to streams and lines; all of it by default. */
  readonly lokiDiscovery?: Discovery;
  /** Limits of Loki's API; Loki's own by default. */
  readonly lokiLimits?: Partial<LogqlLimits>;
  /** How many tenants there may be; 0, the default, for one that is not named. */
  readonly tenantsMax?: number;
  /** Undefined without a cluster: nothing of server/kubernetes/ is loaded then. */
  readonly kubernetes?: KubernetesOptions | undefined;
  readonly log: Logger;
  /** The version of podlog, which /session shows. */
  readonly version?: string;
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
  lokiDiscovery = { serviceName: true, logLevels: true, fields: true },
  lokiLimits = {},
  tenantsMax = 0,
  kubernetes,
  log,
  version = 'unknown',
}: ServerOptions): Promise<Server> {
  const now = Date.now;
  const metrics = new Metrics();
  // Resources opened here are closed in the reverse order: at once when a later step fails, else by `close`.
  await using opened = new AsyncDisposableStack();
  const keepRules = await WatchedRules.open({ path: rulesPath, log, metrics });
  opened.defer(() => keepRules.close());
  const access = await openAccess(accessOptions, { host: listen.host, now, log, metrics });
  opened.defer(() => access.authenticator?.close());
  const cluster =
    kubernetes && (await (await import('./kubernetes/cluster.ts')).openCluster(kubernetes, { log, metrics, now }));
  opened.defer(() => cluster?.close());
  const pool = new WorkerPool({ size: WORKERS, workerUrl: new URL('./worker.ts', import.meta.url), log, metrics });
  opened.defer(() => pool.close());
  opened.defer(observeProcess(metrics));
  const stores = new Stores({
    dataDir,
    tenantsMax,
    retentionMs,
    maxSizeBytes,
    retentionRulesPath,
    indexedFields,
    access,
    label: cluster?.label,
    run: (kind, input, options) => pool.run(kind, input, options),
    now,
    log,
    metrics,
  });
  const logs = await stores.home();
  opened.defer(() => logs.close());
  // Stopped before the store is closed: it stores the cluster's events there.
  opened.defer(() => cluster?.stop());
  const sessions =
    access.authenticator && new Sessions({ authenticator: access.authenticator, store: logs.sessions, now });
  opened.defer(() => sessions?.close());
  const users = access.authenticator?.users;
  const oidc = users && sessions && new OidcSignIn({ options: () => users.config.oidc, key: sessions.key, now });
  const shared = newSharedParts();
  const appOf = (own: StoreParts, isListening: boolean, tenants?: Tenants): FastifyInstance =>
    buildApp({
      ...own,
      rules: keepRules,
      podsOn: cluster?.podsOn,
      clusterNodes: cluster?.nodes,
      assertOwnPods: cluster?.assertOwnPods,
      pool,
      log,
      access,
      sessions,
      lokiDiscovery,
      lokiLimits: { ...LOGQL_LIMITS, ...lokiLimits },
      oidc,
      shared,
      isListening,
      tenants,
      version,
      now,
    });
  const home = stores.partsOf(logs, metrics);
  opened.defer(() => home.audit.close());
  const tenants = opened.use(await stores.tenants(home, (own) => appOf(own, false)));
  const app = appOf(home, true, tenants);
  opened.defer(() => app.close());
  opened.defer(keepHouse(logs, log));
  const url = await listenOn(app, listen);
  cluster?.start({ acceptor: home.acceptor, positions: logs.positions, rules: () => keepRules.rules });
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
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new UsageError(
        `${address} is in use: stop the process that listens there, or choose another with --listen`,
        1,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UsageError(`${address} is not an address of this machine: choose another with --listen`, 1, options);
    case 'EACCES':
      return new UsageError(`${address} needs root: choose a port above 1023 with --listen`, 1, options);
    default:
      return new UsageError(`cannot listen on ${address}: ${String(error)}`, 1, options);
  }
}
