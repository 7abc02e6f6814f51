/** Opens the stores of a server, one or one a tenant, with what takes lines for each and the routes over it. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Metrics } from '../shared/metrics.ts';
import type { AppParts } from './app.ts';
import { AuditLog } from './audit/audit-log.ts';
import type { Access } from './auth/access.ts';
import { FLUSH } from './engines/embedded/core/flush.ts';
import { COMPACT } from './engines/embedded/lane/compaction/compact.ts';
import { ERASE } from './engines/embedded/lane/erasure/erase-segment.ts';
import { type EmbeddedOptions, openEmbeddedLogStore } from './engines/embedded/open.ts';
import { TENANTS_FOLDER } from './engines/embedded/platform/filenames.ts';
import { BatchAcceptor, type Label } from './ingest/accept-batch.ts';
import { positionsProblem } from './ingest/check-positions.ts';
import { coarseningReporter } from './ingest/coarse-labels.ts';
import { Positions } from './ingest/positions.ts';
import { HOUSEKEEPING_MS } from './limits.ts';
import type { LogStore } from './store/log-store.ts';
import { inTurn } from './tenants/in-turn.ts';
import { HOME, Tenants } from './tenants/tenants.ts';
import { unionReader } from './tenants/union-reader.ts';
import { unionStore } from './tenants/union-store.ts';
import type { RunTask } from './workers/task.ts';

type ForAll = 'retentionMs' | 'maxSizeBytes' | 'retentionRulesPath' | 'indexedFields' | 'now' | 'log' | 'metrics';

export interface StoresOptions extends Pick<EmbeddedOptions, ForAll> {
  readonly dataDir: string;
  /** 0 without tenants. */
  readonly tenantsMax: number;
  readonly run: RunTask;
  readonly access: Access;
  /** Adds the labels of pods; undefined without a cluster. */
  readonly label: Label | undefined;
}

/** A store, and what its routes need besides it. */
export type StoreParts = Pick<AppParts, 'logs' | 'acceptor' | 'audit' | 'metrics'>;

/** Opens the stores of a server. */
export class Stores {
  readonly #options: StoresOptions;
  readonly #run: RunTask;

  constructor(options: StoresOptions) {
    const { run, tenantsMax } = options;
    this.#options = options;
    this.#run = tenantsMax === 0 ? run : inTurn(run, (name) => MEMORY_OF_TASKS.get(name));
  }

  /** Opens the store of the data folder itself. */
  async home(): Promise<LogStore> {
    const { dataDir, tenantsMax, metrics, log } = this.#options;
    return this.#open(dataDir, tenantsMax === 0 ? undefined : HOME, metrics, log);
  }

  partsOf(logs: LogStore, metrics: Metrics): StoreParts {
    const { access, label, now, log } = this.#options;
    const acceptor = new BatchAcceptor(logs, logs.positions, label, coarseningReporter({ log, metrics, now }));
    const audit = new AuditLog({ acceptor: access.authenticator && acceptor, log, now });
    return { logs, acceptor, audit, metrics };
  }

  /** Undefined without tenants. */
  async tenants(home: StoreParts, appOf: (parts: StoreParts) => FastifyInstance): Promise<Tenants | undefined> {
    const { dataDir, tenantsMax, now, log } = this.#options;
    if (tenantsMax === 0) return undefined;
    return Tenants.open({
      folder: join(dataDir, TENANTS_FOLDER),
      countMax: tenantsMax,
      home: home.logs,
      open: async (name, folder) => {
        const metrics = new Metrics();
        const logs = await this.#open(folder, name, metrics, log.child({ tenant: name }));
        const parts = this.partsOf(logs, metrics);
        const app = appOf(parts);
        const stopHousekeeping = keepHouse(logs, log);
        const close = async (): Promise<void> => {
          stopHousekeeping();
          await app.close();
          await parts.audit.close();
          await logs.close();
        };
        return { app, reader: logs, acceptor: parts.acceptor, [Symbol.asyncDispose]: close };
      },
      unite: (readers) => {
        const parts = this.partsOf(unionStore(unionReader(readers), home.logs, now), new Metrics());
        // Nothing can be stored in several; what is done in them is recorded where sign-ins are.
        return appOf({ ...parts, audit: home.audit });
      },
      receive: (acceptor) => {
        const parts = this.partsOf(unionStore(unionReader(new Map()), home.logs, now), new Metrics());
        return appOf({ ...parts, acceptor, audit: home.audit });
      },
    });
  }

  #open(dataDir: string, tenant: string | undefined, metrics: Metrics, log: Logger): Promise<LogStore> {
    const { retentionMs, maxSizeBytes, retentionRulesPath, indexedFields, tenantsMax, now } = this.#options;
    return openEmbeddedLogStore({
      dataDir,
      tenant,
      share: 1 / (tenantsMax + 1),
      retentionMs,
      maxSizeBytes,
      retentionRulesPath,
      indexedFields,
      state: (clock) =>
        new Positions(
          () => clock.steadyNow(),
          () => clock.keepsAll(),
        ),
      stateProblem: positionsProblem,
      run: this.#run,
      now,
      log,
      metrics,
    });
  }
}

/** Tasks that take much memory, and which of them wait for each other. */
const MEMORY_OF_TASKS: ReadonlyMap<string, string> = new Map([
  [FLUSH.name, 'flush'],
  [COMPACT.name, 'maintenance'],
  [ERASE.name, 'maintenance'],
]);

/** Calls a store at intervals. Returns what ends that. */
export function keepHouse(logs: Pick<LogStore, 'tick'>, log: Logger): () => void {
  const housekeeping = setInterval(() => {
    logs.tick().catch((err: unknown) => {
      log.error({ err }, 'housekeeping failed; retrying');
    });
  }, HOUSEKEEPING_MS);
  return () => clearInterval(housekeeping);
}
