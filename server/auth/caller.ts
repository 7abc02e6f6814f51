/** A caller, and what it may do. */
import { ForbiddenError } from '../../shared/errors.ts';
import { isNodeName } from '../../shared/node-name.ts';

/**
 * agent: what a node's agent does. ingest: push lines. read: every query. metrics: only /metrics. admin: erase, back
 * up, check, and everything else.
 */
export const SCOPES = ['agent', 'ingest', 'read', 'metrics', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** The namespaces whose lines may be read. Only callers that may read all see lines without a namespace. */
export type Visible = 'all' | readonly string[];

/** The nodes that an agent may speak for: whose positions it reads and moves, and whose lines it sends. */
export type Nodes = 'all' | readonly string[] | FirstNode;

/** The node of a token that names none: the first one that it is used for, until the server ends. */
export interface FirstNode {
  first: string | undefined;
}

export interface Caller {
  /** Shown to people: the token's name, or the ServiceAccount's. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly visible: Visible;
  /** The tenants that it may name, where there are tenants; undefined for all. */
  readonly tenants?: readonly string[];
  /** Empty where the scopes do not include `agent`. */
  readonly nodes: Nodes;
  /** Aborted when the token is revoked or changed, for live tails and exports. Undefined where neither can happen. */
  readonly revoked?: AbortSignal;
}

/** Whoever may read all lines may also read the server's metrics. */
const IMPLIED_BY: Readonly<Record<Scope, readonly Scope[]>> = {
  agent: ['admin'],
  ingest: ['admin'],
  read: ['admin'],
  metrics: ['admin', 'read'],
  admin: [],
};

export function mayUse({ scopes }: Caller, scope: Scope): boolean {
  return scopes.includes(scope) || IMPLIED_BY[scope].some((other) => scopes.includes(other));
}

/** @throws ForbiddenError  the caller speaks for other nodes */
export function assertSpeaksFor(nodes: Nodes, node: string): void {
  if (!isNodeName(node)) throw new ForbiddenError(`${JSON.stringify(node)} cannot be the name of a node: see --node`);
  if (nodes === 'all') return;
  if ('first' in nodes) nodes.first ??= node;
  const names = 'first' in nodes ? [nodes.first!] : nodes;
  if (names.includes(node)) return;
  const own = names.length === 0 ? 'no node' : `the node ${names.join(', ')} alone`;
  throw new ForbiddenError(
    `this token speaks for ${own}, and this is about ${node}: set --node to the node that the token is for`,
  );
}
