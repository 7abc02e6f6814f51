/**
 * `/loki/api/v1/index/shards`: parts into which a query may be cut, each of about a given size. podlog cuts queries itself,
 * so it answers with one part.
 */
import type { FastifyInstance } from 'fastify';
import { JSON_TYPE } from './answers.ts';
import { getOrPost } from './get-or-post.ts';
import { streamStats } from './index-volume.ts';
import type { QueryRoutes } from './query.ts';
import { parseSelectorOf } from './selector.ts';

/** All hashes of streams, which have 64 bits: more than a number of JavaScript holds. */
const ALL = '"bounds":{"min":0,"max":18446744073709551615}';

export function registerIndexShards(app: FastifyInstance, routes: QueryRoutes): void {
  getOrPost(app, '/loki/api/v1/index/shards', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const stats = await streamStats(routes, parseSelectorOf(form.get('query') ?? ''), form, request, reply);
    return reply.send(`{"shards":[{${ALL},"stats":${JSON.stringify(stats)}}]}`);
  });
}
