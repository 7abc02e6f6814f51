/** Builds the HTTP application from its parts; main.ts listens. */
import { fastify, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { UnavailableError } from '../shared/errors.ts';
import type { Metrics } from '../shared/metrics.ts';
import type { Batch } from '../shared/wire.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { Access } from './auth/access.ts';
import type { OidcSignIn } from './auth/oidc.ts';
import type { Sessions } from './auth/sessions.ts';
import { registerAgent } from './http/agent.ts';
import { type PodsOn, registerAgentRules } from './http/agent-rules.ts';
import { receiveBodies } from './http/bodies.ts';
import { BodyBudget } from './http/body-budget.ts';
import { registerCheck } from './http/check.ts';
import { Connections } from './http/connections.ts';
import { registerErase } from './http/erase.ts';
import { sendError, sendNotFound } from './http/errors.ts';
import { registerAggregates } from './http/aggregates.ts';
import { guardBrowsers } from './http/browser-guard.ts';
import { guard } from './http/guard.ts';
import { registerExplain } from './http/loki/explain.ts';
import { registerCompare } from './http/compare.ts';
import { routeTenants } from './http/tenant-routes.ts';
import { refuseUnknownParameters } from './http/known-parameters.ts';
import { registerHealth } from './http/health.ts';
import { registerIngest } from './http/ingest.ts';
import { registerLabels } from './http/labels.ts';
import { registerLogin } from './http/login.ts';
import { registerLogs } from './http/logs.ts';
import { registerLoki } from './http/loki/routes.ts';
import { registerPage } from './http/page.ts';
import { registerPatterns } from './http/patterns.ts';
import { registerMetrics } from './http/metrics.ts';
import { registerAgents, reportAgents } from './http/agents.ts';
import { registerBackups } from './http/backups.ts';
import { registerRequests } from './http/requests.ts';
import { registerUsers } from './http/users.ts';
import { registerViews } from './http/views.ts';
import { assertRequest } from './http/request.ts';
import { assertDecodable } from './http/encoded-parameters.ts';
import { compressAnswers } from './http/compressed-answers.ts';
import { routeSockets, wantsSocket } from './http/sockets.ts';
import { cutOffStalledAnswers } from './http/stalled-answers.ts';
import { registerSession } from './http/session.ts';
import { registerStats } from './http/stats.ts';
import type { BatchAcceptor } from './ingest/accept-batch.ts';
import { KnownAgents } from './ingest/known-agents.ts';
import { LokiPushAcceptor } from './ingest/loki/push.ts';
import { PushAcceptor } from './ingest/push.ts';
import { pushRedaction } from './ingest/push-redaction.ts';
import { PushMemory } from './ingest/push-memory.ts';
import { SHRED } from './ingest/shred-lines.ts';
import {
  CONNECTIONS_CHECK_MS,
  HEADERS_BYTES_MAX,
  HEADERS_RECEIVE_MS_MAX,
  REQUEST_RECEIVE_MS_MAX,
  RETRY_AFTER_QUEUE_SECONDS,
  TEXT_BYTES_MAX,
} from './limits.ts';
import { begunRunsIn } from './query/begun-runs.ts';
import { newQueryBudgets, type QueryBudgets, QueryEngine } from './query/engine.ts';
import type { LogqlLimits } from './query/logql/query-limits.ts';
import type { Discovery } from './query/logql/select.ts';
import type { WatchedRules } from './rules/watched-rules.ts';
import type { LogStore } from './store/log-store.ts';
import type { QueryStatistics } from './store/query.ts';
import type { Tenants } from './tenants/tenants.ts';
import type { WorkerPool } from './workers/pool.ts';
import { ownMemory } from '../shared/own-memory.ts';

export interface AppParts {
  readonly logs: LogStore;
  readonly acceptor: Pick<BatchAcceptor, 'accept'>;
  readonly rules: WatchedRules;
  /** Undefined without a cluster. */
  readonly podsOn: PodsOn | undefined;
  /** Undefined without a cluster. */
  readonly clusterNodes: (() => ReadonlySet<string>) | undefined;
  /** Undefined without a cluster. */
  readonly assertOwnPods: ((batch: Batch) => Promise<void>) | undefined;
  readonly pool: WorkerPool;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly access: Access;
  /** Undefined without tokens. */
  readonly sessions: Sessions | undefined;
  readonly lokiDiscovery: Discovery;
  readonly lokiLimits: LogqlLimits;
  /** Undefined without a users file. */
  readonly oidc: OidcSignIn | undefined;
  readonly audit: AuditLog;
  /** What all tenants share. */
  readonly shared: SharedParts;
  /** Whether this application listens; those of tenants get their requests from the one that does. */
  readonly isListening: boolean;
  /** Whose routes answer requests that name a tenant; undefined without tenants, and in the routes of one. */
  readonly tenants: Tenants | undefined;
  /** The version of podlog. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface SharedParts {
  readonly connections: Connections;
  readonly bodyBudget: BodyBudget;
  readonly pushMemory: PushMemory;
  readonly budgets: QueryBudgets;
  /** Aborted when the server closes: it waits for answers, whichever routes make them. */
  readonly closing: AbortController;
}

export function newSharedParts(): SharedParts {
  return {
    connections: new Connections(),
    bodyBudget: new BodyBudget(),
    pushMemory: new PushMemory(),
    budgets: newQueryBudgets(),
    closing: new AbortController(),
  };
}

export function buildApp(parts: AppParts): FastifyInstance {
  const { logs, acceptor, rules, podsOn, clusterNodes, assertOwnPods, pool, metrics, log } = parts;
  const { access, sessions, oidc, audit, lokiDiscovery, lokiLimits, version, now } = parts;
  const { connections, bodyBudget, pushMemory, budgets, closing } = parts.shared;
  const { positions } = logs;
  const app: FastifyInstance = fastify({
    requestTimeout: REQUEST_RECEIVE_MS_MAX,
    // An id in a path may be as long as a value of a filter.
    routerOptions: { maxParamLength: TEXT_BYTES_MAX },
    frameworkErrors: (error, _request, reply) => void sendError(error, log, reply),
    clientErrorHandler: (error, socket) => connections.refuse(error, socket),
    http: {
      // Node's own answer would have no message; assertRequest has one.
      requireHostHeader: false,
      maxHeaderSize: HEADERS_BYTES_MAX,
      headersTimeout: HEADERS_RECEIVE_MS_MAX,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      shouldUpgradeCallback: wantsSocket,
    },
  });
  if (parts.isListening) {
    connections.watch(app.server);
    routeSockets(app.server);
  }
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (method !== 'HEAD') routes.push(`${String(method)} ${url}`);
  });
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, log, reply));
  app.setNotFoundHandler((request, reply) => sendNotFound(routes, request, reply));
  app.addHook('onRequest', async ({ raw, url }) => {
    assertRequest(raw);
    if (url.includes('?')) assertDecodable(url.slice(url.indexOf('?') + 1));
  });
  guardBrowsers(app, access.isLocal);
  guard(app, { ...access, sessions, audit }, (socket) => connections.trust(socket));
  if (parts.tenants !== undefined) routeTenants(app, parts.tenants);
  refuseUnknownParameters(app);
  receiveBodies(app, bodyBudget);
  compressAnswers(app);
  cutOffStalledAnswers(app);

  if (parts.isListening) {
    app.addHook('preClose', async () => {
      closing.abort(new UnavailableError('the server is shutting down', RETRY_AFTER_QUEUE_SECONDS));
    });
    closeConnectionsOnceAnswered(app, closing.signal);
  }

  registerPage(app);
  registerMetrics(app, { metrics });
  registerHealth(app, { logs });
  const agents = new KnownAgents(positions, now, clusterNodes);
  registerAgent(app, { acceptor, positions, agents, assertOwnPods });
  registerAgentRules(app, { rules, agents, podsOn });
  registerAgents(app, { agents });
  reportAgents(metrics, agents);
  const redaction = pushRedaction(() => rules.rules.redact, metrics);
  const pushes = new PushAcceptor({
    acceptor,
    positions,
    memory: pushMemory,
    redaction,
    // A window is not used after this, so its memory is transferred to the worker instead of copied.
    shred: (input, flow) => pool.run(SHRED, input, { flow, transfer: ownMemory(input.bytes) }),
  });
  registerIngest(app, { pushes, now });
  const lokiPushes = new LokiPushAcceptor({
    namesService: lokiDiscovery.serviceName,
    acceptor,
    positions,
    memory: pushMemory,
    redaction,
    run: (kind, input, options) => pool.run(kind, input, options),
  });
  const engine = new QueryEngine(logs, {
    budgets,
    begunRuns: () => begunRunsIn(logs.positions),
    onEnded: costCounters(metrics),
  });
  reportMemory(metrics, { engine, bodyBudget, pushMemory });
  registerLogs(app, { engine, audit, now, closing: closing.signal });
  registerCompare(app, { engine, now });
  registerLabels(app, { engine, now });
  registerAggregates(app, { engine, now });
  registerStats(app, { logs, engine, now });
  registerRequests(app, { engine, now });
  registerUsers(app, { engine, now });
  registerPatterns(app, { engine, now });
  const loki = { discovery: lokiDiscovery, limits: lokiLimits, closing: closing.signal };
  registerExplain(app, { engine, now, ...loki });
  registerLoki(app, { engine, logs, lokiPushes, audit, now, log, ...loki });
  registerErase(app, { engine, logs, audit, now });
  registerLogin(app, { hasTokens: access.authenticator?.hasTokens === true, sessions, oidc, audit, log });
  registerSession(app, { sessions, audit, version, now });
  const { backups, check, views } = logs;
  if (views !== undefined) registerViews(app, { views, now });
  if (backups !== undefined) registerBackups(app, { backups, now });
  if (check !== undefined) registerCheck(app, { check, closing: closing.signal, log });
  return app;
}

/**
 * Closing waits for every connection but those that are idle at that moment. A connection that becomes idle a moment
 * later, or that a browser opened in advance, would delay it for a minute; so when the last answer is sent, all are
 * closed.
 */
function closeConnectionsOnceAnswered({ server }: FastifyInstance, closing: AbortSignal): void {
  let answering = 0;
  const closeOnceAnswered = (): void => {
    if (closing.aborted && answering === 0) server.closeAllConnections();
  };
  server.on('request', (_request, response) => {
    answering++;
    response.once('close', () => {
      answering--;
      closeOnceAnswered();
    });
  });
  closing.addEventListener('abort', () => setImmediate(closeOnceAnswered), { once: true });
}

function costCounters(metrics: Metrics): (statistics: Readonly<QueryStatistics>) => void {
  const allGroups = metrics.counter(
    'podlog_query_row_groups_considered_total',
    'Row groups that were stored when queries began, whether they have read them or not.',
  );
  const allBytes = metrics.counter('podlog_query_bytes_considered_total', 'Bytes of these row groups.');
  const groups = metrics.counter('podlog_query_row_groups_read_total', 'Row groups that queries have read.');
  const bytes = metrics.counter('podlog_query_bytes_read_total', 'Bytes that queries have read from files.');
  const rows = metrics.counter('podlog_query_rows_matched_total', 'Lines that matched where searches looked for them.');
  return ({ rowGroupsConsidered, bytesConsidered, rowGroupsRead, bytesRead, rowsMatched }) => {
    allGroups.add(rowGroupsConsidered);
    allBytes.add(bytesConsidered);
    groups.add(rowGroupsRead);
    bytes.add(bytesRead);
    rows.add(rowsMatched);
  };
}

interface MemoryHolders {
  readonly engine: QueryEngine;
  readonly bodyBudget: BodyBudget;
  readonly pushMemory: PushMemory;
}

function reportMemory(metrics: Metrics, { engine, bodyBudget, pushMemory }: MemoryHolders): void {
  const { slots, tailSlots, answerRows, answerText, aggregateMemory } = engine;
  const gauge = (name: string, help: string, read: () => number): void => {
    metrics.gauge(name, help).readFrom(read);
  };
  const rows = 'Lines of all answers in flight; the limits of clients until their lines are found.';
  gauge('podlog_answer_rows', rows, () => answerRows.held);
  gauge('podlog_answer_bytes', 'Text of answers that is buffered for their clients.', () => answerText.heldBytes);
  gauge('podlog_aggregate_bytes', 'Memory of running aggregations and facets.', () => aggregateMemory.heldBytes);
  gauge('podlog_body_bytes', 'Bodies of requests that are not answered yet.', () => bodyBudget.heldBytes);
  gauge('podlog_push_bytes', 'Memory in which pushes are decoded.', () => pushMemory.heldBytes);
  gauge('podlog_queries_running', 'Queries that are running.', () => slots.runningCount);
  gauge('podlog_queries_waiting', 'Queries that wait for a slot.', () => slots.waitingCount);
  gauge('podlog_live_tails', 'Live tails.', () => tailSlots.count);
}
