/**
 * Tenants: each has a store of its own, in a folder of its own, and routes that know no other. One is made when lines are first
 * stored for it. What they share is workers, and the budgets of memory and turns.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import { PodlogError, UsageError } from '../../shared/errors.ts';
import { TENANT_UNIONS_KEPT_MAX } from '../limits.ts';
import type { BatchAcceptor } from '../ingest/accept-batch.ts';
import type { LogReader } from '../store/log-store.ts';

/**
 * The tenant whose lines are in the data folder itself: those from before there were tenants, of agents whose token is bound to no
 * tenant, and what the server records.
 */
export const HOME = 'podlog';

export interface Tenant extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly reader: LogReader;
  readonly acceptor: Acceptor;
}

type Acceptor = Pick<BatchAcceptor, 'accept'>;

export interface TenantsOptions {
  /** The folder that holds the data folder of each. */
  readonly folder: string;
  readonly countMax: number;
  /** The lines of the tenant HOME. */
  readonly home: LogReader;
  readonly open: (name: string, dataDir: string) => Promise<Tenant>;
  /** Makes routes over several tenants, which read only. */
  readonly unite: (readers: ReadonlyMap<string, LogReader>) => FastifyInstance;
  /** Makes routes that take lines for a tenant that is made when it has some. */
  readonly receive: (acceptor: Acceptor) => FastifyInstance;
}

/** Owns the tenants. All that have a folder are open, as retention and erasures go on in each. */
export class Tenants implements AsyncDisposable {
  readonly #options: TenantsOptions;
  readonly #open = new Map<string, Promise<Tenant>>();
  /** By their names. */
  readonly #unions = new LRUCache<string, FastifyInstance>({ max: TENANT_UNIONS_KEPT_MAX });
  /** By name of a tenant that is not there. */
  readonly #receivers = new LRUCache<string, FastifyInstance>({ max: TENANT_UNIONS_KEPT_MAX });

  /** @throws UsageError  there are more than there may be, or one cannot be opened */
  static async open(options: TenantsOptions): Promise<Tenants> {
    const { folder } = options;
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    if (names.length > options.countMax) {
      const message = `${folder} has ${names.length} tenants, and --tenants allows ${options.countMax}: raise it, or move some elsewhere`;
      throw new UsageError(message, 1);
    }
    await using opened = new AsyncDisposableStack();
    const tenants = opened.use(new Tenants(options));
    await Promise.all(names.map((name) => tenants.#openOne(name)));
    opened.move();
    return tenants;
  }

  private constructor(options: TenantsOptions) {
    this.#options = options;
  }

  /**
   * Returns a tenant; undefined where there is none of this name, and none may be made.
   * @throws PodlogError  there are as many as there may be
   */
  async tenant(name: string, mayMake: boolean): Promise<Tenant | undefined> {
    const known = this.#open.get(name);
    if (known !== undefined || !mayMake) return known;
    this.#assertRoom();
    return this.#openOne(name);
  }

  /**
   * Returns routes for a push to a tenant that is not there: it is made when lines of the push are stored, so that one that is refused
   * leaves nothing behind.
   * @throws PodlogError  there are as many as there may be
   */
  receiver(name: string): FastifyInstance {
    this.#assertRoom();
    const accept: Acceptor['accept'] = async (...batch) => (await this.tenant(name, true))!.acceptor.accept(...batch);
    const app = this.#receivers.get(name) ?? this.#options.receive({ accept });
    this.#receivers.set(name, app);
    return app;
  }

  #assertRoom(): void {
    if (this.#open.size >= this.#options.countMax) throw tooMany(this.#options.countMax);
  }

  #openOne(name: string): Promise<Tenant> {
    const opening = this.#options.open(name, join(this.#options.folder, name));
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  /** Returns routes over those of the tenants that are there. */
  async union(names: readonly string[]): Promise<FastifyInstance> {
    const readers = new Map<string, LogReader>();
    for (const name of names) {
      const reader = name === HOME ? this.#options.home : (await this.tenant(name, false))?.reader;
      if (reader !== undefined) readers.set(name, reader);
    }
    const key = [...readers.keys()].join('|');
    const app = this.#unions.get(key) ?? this.#options.unite(readers);
    this.#unions.set(key, app);
    return app;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const app of [...this.#unions.values(), ...this.#receivers.values()]) await app.close();
    const tenants = await Promise.allSettled(this.#open.values());
    for (const each of tenants) if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]();
  }
}

function tooMany(countMax: number): PodlogError {
  const message = `this server has ${countMax} tenants, as many as --tenants allows: use one of them, or raise the limit`;
  return new PodlogError('PODLOG_TOO_MANY_TENANTS', 429, message);
}
