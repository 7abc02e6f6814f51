/** Routes for agents: `POST /agent/batch` and `GET /agent/positions?node=…`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { type Batch, decodeBatch } from '../../shared/wire.ts';
import type { BatchAcceptor } from '../ingest/accept-batch.ts';
import { assertSpeaksFor } from '../auth/caller.ts';
import type { KnownAgents } from '../ingest/known-agents.ts';
import { assertAgentLabels } from '../ingest/agent-labels.ts';
import type { StoredPositions } from '../store/positions.ts';

export interface NodeQuery {
  readonly node?: string | string[];
}

export interface AgentRoutes {
  readonly acceptor: Pick<BatchAcceptor, 'accept'>;
  readonly positions: Pick<StoredPositions, 'ofNode'>;
  readonly agents: Pick<KnownAgents, 'seen'>;
  /** Refuses a batch with files or streams of another node's pods. Undefined without a cluster. */
  readonly assertOwnPods: ((batch: Batch) => Promise<void>) | undefined;
}

export function registerAgent(app: FastifyInstance, { acceptor, positions, agents, assertOwnPods }: AgentRoutes): void {
  const options = { config: { takesBody: true } };
  app.post<{ Body: Buffer | undefined }>('/agent/batch', options, async (request, reply) => {
    const bytes = request.body ?? Buffer.alloc(0);
    const batch = decodeBatch(bytes);
    assertSpeaksFor(request.nodes, batch.node);
    agents.seen(batch.node);
    assertAgentLabels(batch);
    if (request.nodes !== 'all') await assertOwnPods?.(batch);
    const outcome = await acceptor.accept(bytes, batch);
    switch (outcome.kind) {
      case 'stored':
        return { rows: outcome.rowCount };
      case 'repeat':
        return { rows: 0, repeat: true };
      case 'conflict':
        return reply.code(409).send(outcome.answer);
    }
  });

  app.get<{ Querystring: NodeQuery }>('/agent/positions', async (request) => {
    const node = askedNode(request);
    agents.seen(node);
    return positions.ofNode(node);
  });
}

/**
 * Returns the node that an agent asks about, which must be one that it speaks for.
 * @throws ParameterError, ForbiddenError
 */
export function askedNode({ query: { node }, nodes }: FastifyRequest<{ Querystring: NodeQuery }>): string {
  if (typeof node !== 'string' || node === '') {
    throw new ParameterError('node', 'missing', 'the name of a Kubernetes node', 'node=worker-1');
  }
  assertSpeaksFor(nodes, node);
  return node;
}
