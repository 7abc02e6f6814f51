/** Builds the HTTP application from its parts; main.ts listens. */
import { fastify, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Metrics } from '../shared/metrics.ts';
import type { Batch } from '../shared/wire.ts';
import type { Access } from './auth/access.ts';
import { registerAgent } from './http/agent.ts';
import { type PodsOn, registerAgentRules } from './http/agent-rules.ts';
import { receiveBodies } from './http/bodies.ts';
import { BodyBudget } from './http/body-budget.ts';
import { registerCheck } from './http/check.ts';
import { Connections } from './http/connections.ts';
import { registerErase } from './http/erase.ts';
import { sendError, sendNotFound } from './http/errors.ts';
import { registerAggregates } from './http/aggregates.ts';
import { refuseForeignPages } from './http/foreign-pages.ts';
import { guard } from './http/guard.ts';
import { registerHealth } from './http/health.ts';
import { registerIngest } from './http/ingest.ts';
import { registerLabels } from './http/labels.ts';
import { registerLogs } from './http/logs.ts';
import { registerMetrics } from './http/metrics.ts';
import { registerSnapshots } from './http/snapshots.ts';
import { assertRequest } from './http/request.ts';
import { cutOffStalledAnswers } from './http/stalled-answers.ts';
import { registerStats } from './http/stats.ts';
import type { BatchAcceptor } from './ingest/accept-batch.ts';
import { positionsProblem } from './ingest/check-positions.ts';
import type { Positions } from './ingest/positions.ts';
import { PushAcceptor } from './ingest/push.ts';
import { PushMemory } from './ingest/push-memory.ts';
import { SHRED } from './ingest/shred-lines.ts';
import { CONNECTIONS_CHECK_MS, HEADERS_BYTES_MAX, HEADERS_RECEIVE_MS_MAX, REQUEST_RECEIVE_MS_MAX } from './limits.ts';
import { AnswerRows } from './query/answer-rows.ts';
import { AnswerText } from './query/answer-text.ts';
import { embeddedLogStore, type EmbeddedParts } from './engines/embedded/embedded-log-store.ts';
import { LiveTails } from './engines/embedded/tail/live-tails.ts';
import { QuerySlots } from './query/query-slots.ts';
import { AGGREGATE, FACETS, GATHER, LOOK_UP, RENDER, SCAN, STREAMS, TAIL } from './engines/embedded/query-tasks.ts';
import type { WatchedRules } from './rules/watched-rules.ts';
import type { Backups } from './engines/embedded/core/backup.ts';
import { checkFolder } from './engines/embedded/check/check-folder.ts';
import {
  CHECK_SEGMENT,
  type CheckSegmentInput,
  type CheckSegmentOutput,
} from './engines/embedded/check/check-segment.ts';
import { realDisk } from './engines/embedded/platform/disk.ts';
import type { Erasures } from './engines/embedded/lane/erasure/erasures.ts';
import { buffersOf } from './engines/embedded/aggregate/tally.ts';
import { TallyMemory } from './query/tally-memory.ts';
import type { Store } from './engines/embedded/core/store.ts';
import type { WorkerPool } from './workers/pool.ts';
import { ownMemory, taskFlow } from './workers/task.ts';

export interface AppParts {
  readonly store: Store;
  readonly erasures: Erasures;
  readonly backups: Backups;
  readonly positions: Positions;
  readonly acceptor: BatchAcceptor;
  readonly rules: WatchedRules;
  /** Undefined without a cluster. */
  readonly podsOn: PodsOn | undefined;
  /** Undefined without a cluster. */
  readonly assertOwnPods: ((batch: Batch) => Promise<void>) | undefined;
  readonly pool: WorkerPool;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly access: Access;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function buildApp(parts: AppParts): FastifyInstance {
  const {
    store,
    erasures,
    backups,
    positions,
    acceptor,
    rules,
    podsOn,
    assertOwnPods,
    pool,
    metrics,
    log,
    access,
    now,
  } = parts;
  const connections = new Connections();
  const app: FastifyInstance = fastify({
    requestTimeout: REQUEST_RECEIVE_MS_MAX,
    frameworkErrors: (error, _request, reply) => void sendError(error, log, reply),
    clientErrorHandler: (error, socket) => connections.refuse(error, socket),
    http: {
      // Node's own answer would have no sentence; assertRequest has one.
      requireHostHeader: false,
      maxHeaderSize: HEADERS_BYTES_MAX,
      headersTimeout: HEADERS_RECEIVE_MS_MAX,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
  });
  connections.watch(app.server);
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (method !== 'HEAD') routes.push(`${String(method)} ${url}`);
  });
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, log, reply));
  app.setNotFoundHandler((request, reply) => sendNotFound(routes, request, reply));
  app.addHook('onRequest', async (request) => assertRequest(request.raw));
  refuseForeignPages(app, access.isLocal);
  guard(app, access, (socket) => connections.trust(socket));
  receiveBodies(app, new BodyBudget());
  cutOffStalledAnswers(app);

  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  closeConnectionsOnceAnswered(app, closing.signal);

  registerMetrics(app, { metrics });
  registerHealth(app, { store });
  registerStats(app, { store });
  registerAgent(app, { acceptor, positions, assertOwnPods });
  registerAgentRules(app, { rules, podsOn });
  const pushMemory = new PushMemory();
  const pushes = new PushAcceptor({
    acceptor,
    positions,
    memory: pushMemory,
    // A window is not used after this, so its memory goes to the worker instead of a copy.
    shred: (input, flow) => pool.run(SHRED, input, { flow, transfer: ownMemory(input.bytes) }),
  });
  registerIngest(app, { pushes, now });
  const shared = { memory: new TallyMemory(), answerRows: new AnswerRows(), answerText: new AnswerText() };
  const slots = new QuerySlots();
  const tails = liveTails(store, pool);
  reportQueries(metrics, shared, slots, tails);
  const newQuery: EmbeddedParts['newQuery'] = () => ({ ...queryTasks(store, pool), ...shared });
  const logs = embeddedLogStore({ store, erasures, newQuery });
  registerLogs(app, { logs, slots, tails, newQuery, now, closing: closing.signal });
  registerLabels(app, { logs, slots, now });
  registerAggregates(app, { store, slots, newQuery, now });
  registerErase(app, { erasures, now });
  registerSnapshots(app, { backups, now });
  const checks = taskFlow('maintenance');
  registerCheck(app, {
    backups,
    closing: closing.signal,
    check: (dataDir) => {
      const checkSegment = (input: CheckSegmentInput): Promise<CheckSegmentOutput> =>
        pool.run(CHECK_SEGMENT, input, { flow: checks });
      return checkFolder({ disk: realDisk, dataDir, checkSegment, stateProblem: positionsProblem });
    },
  });
  return app;
}

/**
 * Closing waits for every connection but those that are idle at that moment. A connection that becomes idle a moment
 * later, or that a browser opened ahead of need, would hold it for a minute; so when the last answer is out, all go.
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

/** One query's tasks in the workers, which share what they take of them; what they find broken, the store sets aside. */
function queryTasks(
  store: Store,
  pool: WorkerPool,
): Omit<ReturnType<EmbeddedParts['newQuery']>, 'memory' | 'answerRows' | 'answerText'> {
  const flow = taskFlow('query');
  return {
    lookUp: (input, signal) => pool.run(LOOK_UP, input, { flow, signal }),
    scan: (input, signal) => pool.run(SCAN, input, { flow, signal }),
    streams: (input, signal) => pool.run(STREAMS, input, { flow, signal }),
    aggregate: (input, signal) =>
      pool.run(AGGREGATE, input, { flow, signal, transfer: input.tally === undefined ? [] : buffersOf(input.tally) }),
    gather: (input, signal) => pool.run(GATHER, input, { flow, signal, transfer: input.tallies.flatMap(buffersOf) }),
    facets: (input, signal) => pool.run(FACETS, input, { flow, signal }),
    render: (input, signal) => pool.run(RENDER, input, { flow, signal }),
    setAside: (rowGroup, error) => store.setAside(rowGroup, error),
  };
}

function liveTails(store: Store, pool: WorkerPool): LiveTails {
  const flow = taskFlow('tail');
  return new LiveTails({
    source: store,
    scan: (input) => pool.run(TAIL, input, { flow }),
    setAside: (rowGroup, error) => store.setAside(rowGroup, error),
  });
}

function reportQueries(
  metrics: Metrics,
  { answerRows, answerText }: { readonly answerRows: AnswerRows; readonly answerText: AnswerText },
  slots: QuerySlots,
  tails: LiveTails,
): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    metrics.gauge(name, help).readFrom(read);
  };
  const rows = 'Lines of all answers that are under way; the limits of clients until their lines are found.';
  gauge('podlog_answer_rows', rows, () => answerRows.held);
  gauge('podlog_answer_bytes', 'Text of answers that waits for their clients.', () => answerText.heldBytes);
  gauge('podlog_queries_running', 'Queries that look for their lines.', () => slots.runningCount);
  gauge('podlog_queries_waiting', 'Queries that wait for others to end.', () => slots.waitingCount);
  gauge('podlog_live_tails', 'Live tails.', () => tails.count);
  gauge(
    'podlog_live_tails_row_groups',
    'Row groups that wait to be searched for live tails.',
    () => tails.waitingCount,
  );
  gauge('podlog_live_tails_waiting_bytes', 'Text that waits for clients of live tails.', () => tails.textBytes);
}
