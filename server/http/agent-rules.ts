/**
 * `GET /agent/rules?node=…`: the rules by which agents keep lines. Agents poll it every few seconds, so an unchanged
 * answer is short.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { AGENT_STATUS_HEADER } from '../../shared/agent-status.ts';
import { labelKeysOf, type PodFacts, type RulesAnswer } from '../../shared/rules/rule-set.ts';
import type { KnownAgents } from '../ingest/known-agents.ts';
import type { WatchedRules } from '../rules/watched-rules.ts';
import { askedNode, type NodeQuery } from './agent.ts';

/** Returns the facts about a node's pods, with the labels of these keys. */
export type PodsOn = (node: string, labelKeys: ReadonlySet<string>) => PodFacts[];

export interface AgentRulesRoutes {
  readonly rules: WatchedRules;
  readonly agents: Pick<KnownAgents, 'seen'>;
  /** Undefined without a cluster. */
  readonly podsOn: PodsOn | undefined;
}

export function registerAgentRules(app: FastifyInstance, { rules: watched, agents, podsOn }: AgentRulesRoutes): void {
  app.get<{ Querystring: NodeQuery }>('/agent/rules', async (request, reply) => {
    const node = askedNode(request);
    agents.seen(node, request.headers[AGENT_STATUS_HEADER]);
    const { rules } = watched;
    const answer: RulesAnswer = { rules, pods: podsOn?.(node, labelKeysOf(rules)) ?? null };
    const body = JSON.stringify(answer);
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    reply.header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json').send(body);
  });
}
