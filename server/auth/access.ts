/**
 * How the server is to be protected, as its flags say, and the rule that it is: without a way to know who asks, it listens
 * to this machine alone.
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
  /** Whether agents are known by their ServiceAccounts, and which those are. */
  readonly tokenReview?: boolean;
  readonly agentAccounts?: readonly string[];
  readonly ownAgent?: OwnAgent;
  /** Everybody may do everything: something in front of podlog asks who they are. */
  readonly insecureNoAuth?: boolean;
  /** Anybody may read /metrics. */
  readonly openMetrics?: boolean;
  /** Default: that of the cluster that this runs in. */
  readonly api?: ApiServer;
}

/** Who may do what. */
export interface Access {
  /** Undefined: everybody who reaches the server may do everything. */
  readonly authenticator: Authenticator | undefined;
  /** Only this machine reaches it. */
  readonly isLocal: boolean;
  /** Anybody may read /metrics. */
  readonly openMetrics: boolean;
}

export interface AccessParts {
  readonly host: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** @throws UsageError  it would be open to others than this machine; or a file or the cluster is not as it should be */
export async function openAccess(options: AccessOptions, parts: AccessParts): Promise<Access> {
  const { tokensFile, tokenReview = false, agentAccounts = [], ownAgent } = options;
  const { openMetrics = false, insecureNoAuth = false } = options;
  const { host, now, log, metrics } = parts;
  if (tokensFile === undefined && !tokenReview) {
    if (insecureNoAuth) log.warn('no authentication: whoever reaches this server may read, write and erase');
    else if (!isLoopback(host)) throw exposed(host);
    return { authenticator: undefined, isLocal: !insecureNoAuth, openMetrics };
  }
  if (insecureNoAuth) throw new UsageError('--insecure-no-auth contradicts --tokens-file and --token-review: drop one');
  const authenticator = await Authenticator.open({
    tokensFile,
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

/** Of a name, only localhost is believed. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

function exposed(host: string): UsageError {
  return new UsageError(
    `--listen ${host} would let everybody on the network read, write and erase: give --tokens-file (docs/access.md) ` +
      'or, in a cluster, --token-review; or listen on 127.0.0.1; or, behind a proxy that asks who it is, --insecure-no-auth',
  );
}
