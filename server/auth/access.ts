/**
 * Protection of the server as configured by its flags, and the rule behind it: a server that cannot authenticate
 * callers listens only to this machine.
 */
import { BlockList, isIP } from 'node:net';
import type { Logger } from 'pino';
import { UsageError } from '../../shared/errors.ts';
import type { Metrics } from '../../shared/metrics.ts';
import { Authenticator, type OwnAgent } from './authenticator.ts';
import { type ApiServer, inClusterApi } from './token-review.ts';

export interface AccessOptions {
  /** See tokens-file.ts. */
  readonly tokensFile?: string | undefined;
  /** See users-file.ts. */
  readonly usersFile?: string | undefined;
  /** Whether agents authenticate by their ServiceAccounts, and which ones those are. */
  readonly tokenReview?: boolean;
  readonly agentAccounts?: readonly string[];
  readonly ownAgent?: OwnAgent;
  /** Everyone may do everything: a proxy in front of podlog authenticates them. */
  readonly insecureNoAuth?: boolean;
  /** Everyone may read /metrics. */
  readonly openMetrics?: boolean;
  /** Default: the API of the cluster that the server runs in. */
  readonly api?: ApiServer;
}

/** Who may do what. */
export interface Access {
  /** Undefined: everyone who reaches the server may do everything. */
  readonly authenticator: Authenticator | undefined;
  /** Whether only this machine reaches the server. */
  readonly isLocal: boolean;
  /** Whether everyone may read /metrics. */
  readonly openMetrics: boolean;
}

export interface AccessParts {
  readonly host: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** @throws UsageError  it would be open to other machines; or a file or the cluster is not as required */
export async function openAccess(options: AccessOptions, parts: AccessParts): Promise<Access> {
  const { tokensFile, usersFile, tokenReview = false, agentAccounts = [], ownAgent } = options;
  const { openMetrics = false, insecureNoAuth = false } = options;
  const { host, now, log, metrics } = parts;
  if (tokensFile === undefined && usersFile === undefined && !tokenReview) {
    if (insecureNoAuth) log.warn('no authentication: everyone who reaches this server may read, write and erase');
    else if (!isLoopback(host)) throw exposed(host);
    return { authenticator: undefined, isLocal: !insecureNoAuth, openMetrics };
  }
  if (insecureNoAuth)
    throw new UsageError('--insecure-no-auth contradicts --tokens-file, --users-file and --token-review: drop one');
  const authenticator = await Authenticator.open({
    tokensFile,
    usersFile,
    tokenReview: tokenReview ? { api: options.api ?? inClusterApi(process.env), accounts: agentAccounts } : undefined,
    ownAgent,
    now,
    log,
    metrics,
  });
  return { authenticator, isLocal: false, openMetrics };
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Among names, only localhost is trusted. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

function exposed(host: string): UsageError {
  return new UsageError(
    `--listen ${host} would let everyone on the network read, write and erase: give --tokens-file or --users-file (docs/access.md) ` +
      'or, in a cluster, --token-review; or listen on 127.0.0.1; or, behind a proxy that authenticates, --insecure-no-auth',
  );
}
