/**
 * Loki's HTTP API, so that its clients work with podlog unchanged. One file a group of routes; they share this scope of the
 * application, in which failures are answered as text.
 */
import type { FastifyInstance } from 'fastify';
import type { LogStore } from '../../store/log-store.ts';
import { registerBuildInfo } from './build-info.ts';
import { type DeleteRoutes, registerDelete } from './delete.ts';
import { registerDetectedFields } from './detected-fields.ts';
import { registerDetectedLabels } from './detected-labels.ts';
import { type LimitsRoutes, registerLimits } from './drilldown-limits.ts';
import { sendText } from './errors.ts';
import { registerFormatQuery } from './format-query.ts';
import { registerIndex } from './index-volume.ts';
import { registerIndexShards } from './index-shards.ts';
import { registerLabels } from './labels.ts';
import { registerOldQuery } from './old-query.ts';
import { registerOtlp } from './otlp.ts';
import { registerLinePatterns } from './patterns.ts';
import { registerPush } from './push.ts';
import type { PushRoutes } from './push-route.ts';
import { type LinesRoutes, registerQuery } from './query.ts';
import { registerReady } from './ready.ts';
import { registerRules } from './rules.ts';
import { registerTail, type TailRoutes } from './tail.ts';

export interface LokiRoutes extends LinesRoutes, TailRoutes, PushRoutes, LimitsRoutes, DeleteRoutes {
  readonly logs: Pick<LogStore, 'capacity' | 'problem' | 'erase' | 'erasures' | 'erasure'>;
}

export function registerLoki(app: FastifyInstance, options: LokiRoutes): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error: Error, _request, reply) => sendText(error, options.log, reply));
    registerFormatQuery(scope);
    registerBuildInfo(scope);
    registerQuery(scope, options);
    registerOldQuery(scope, options);
    registerTail(scope, options);
    registerLabels(scope, options);
    registerPush(scope, options);
    registerOtlp(scope, options);
    registerDetectedLabels(scope, options);
    registerDetectedFields(scope, options);
    registerIndex(scope, options);
    registerIndexShards(scope, options);
    registerDelete(scope, options);
    registerLinePatterns(scope, options);
    registerLimits(scope, options);
    registerRules(scope);
    registerReady(scope, options);
  });
}
