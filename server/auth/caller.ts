/** Who asks, and what they may do. */

/**
 * agent: what a node's agent does. ingest: push lines. read: every query. metrics: /metrics alone. admin: erase, back up
 * and check, and everything else.
 */
export const SCOPES = ['agent', 'ingest', 'read', 'metrics', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** The namespaces whose lines may be read. Lines of no namespace are seen only by those who see all. */
export type Visible = 'all' | readonly string[];

export interface Caller {
  /** For people: the token's name, or the ServiceAccount's. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly visible: Visible;
  /** Aborted when the token is taken back or changed, for answers that go on. Undefined where neither can happen. */
  readonly revoked?: AbortSignal;
}

/** Whoever reads everything may read how the server is, too. */
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
