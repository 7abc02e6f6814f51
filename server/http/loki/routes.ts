/**
 * Loki's HTTP API, so that its clients work with podlog unchanged. One file a group of routes; they share this scope of the
 * application, in which failures are answered as text.
 */
import type { FastifyInstance } from 'fastify';
import { registerBuildInfo } from './build-info.ts';
import { sendText } from './errors.ts';
import { registerFormatQuery } from './format-query.ts';
import { registerLabels } from './labels.ts';
import { type PushRoutes, registerPush } from './push.ts';
import { type QueryRoutes, registerQuery } from './query.ts';

export type LokiRoutes = QueryRoutes & PushRoutes;

export function registerLoki(app: FastifyInstance, options: LokiRoutes): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error: Error, _request, reply) => sendText(error, options.log, reply));
    registerFormatQuery(scope);
    registerBuildInfo(scope);
    registerQuery(scope, options);
    registerLabels(scope, options);
    registerPush(scope, options);
  });
}
