/** What agents talk to: `POST /agent/batch` and `GET /agent/positions?node=…`. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import type { BatchAcceptor } from '../ingest/accept-batch.ts';
import type { Positions } from '../ingest/positions.ts';

export interface AgentRoutes {
  readonly acceptor: BatchAcceptor;
  readonly positions: Positions;
}

export function registerAgent(app: FastifyInstance, { acceptor, positions }: AgentRoutes): void {
  app.post<{ Body: Buffer | undefined }>('/agent/batch', async (request, reply) => {
    const outcome = await acceptor.accept(request.body ?? Buffer.alloc(0));
    switch (outcome.kind) {
      case 'stored':
        return { rows: outcome.rowCount };
      case 'repeat':
        return { rows: 0, repeat: true };
      case 'conflict':
        return reply.code(409).send(outcome.answer);
    }
  });

  app.get<{ Querystring: { node?: string | string[] } }>('/agent/positions', async (request) => {
    const { node } = request.query;
    if (typeof node !== 'string' || node === '') {
      throw new ParameterError('node', 'missing', 'the name of a Kubernetes node', 'node=worker-1');
    }
    return positions.ofNode(node);
  });
}
