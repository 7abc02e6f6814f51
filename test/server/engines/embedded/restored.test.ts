/** A restored store, as a whole: it takes lines at once, and shows none before what was erased is erased once more. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ERASE } from '../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { openEmbeddedLogStore } from '../../../../server/engines/embedded/open.ts';
import { positionsProblem } from '../../../../server/ingest/check-positions.ts';
import { Positions } from '../../../../server/ingest/positions.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import type { LogStore } from '../../../../server/store/log-store.ts';
import { valueLeaf } from '../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../server/store/value-test.ts';
import type { RunTask } from '../../../../server/workers/task.ts';
import { Metrics } from '../../../../shared/metrics.ts';
import { eventually } from '../../../eventually.ts';
import { append, found } from '../../store/asking.ts';
import { numberedLines } from './batches.ts';
import { runHere } from './in-this-thread.ts';
import { newFolder } from './open-store.ts';
import { planOf } from './query-context.ts';

function open(dataDir: string, run: RunTask): Promise<LogStore> {
  return openEmbeddedLogStore({
    dataDir,
    retentionMs: Infinity,
    maxSizeBytes: Infinity,
    retentionRulesPath: undefined,
    indexedFields: ['n'],
    state: (clock) =>
      new Positions(
        () => clock.steadyNow(),
        () => clock.keepsAll(),
      ),
    stateProblem: positionsProblem,
    run,
    now: () => Date.now(),
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
  });
}

async function done(store: LogStore, id: string): Promise<void> {
  await eventually(async () => {
    await store.tick();
    expect(store.erasure(id)).toMatchObject({ state: 'done', problem: undefined });
  });
}

test('a backup of before an erasure, with the erasures of the lost store: queries fail until it is clean, writes do not', async () => {
  const folder = await newFolder();
  const [lostDir, dataDir] = [join(folder, 'lost'), join(folder, 'data')];
  const lost = await open(lostDir, runHere());
  await append(lost, numberedLines('x', 0, 10));
  await lost.backups!.create('before');
  await cp(join(lostDir, 'snapshots/before'), dataDir, { recursive: true });
  const { id } = await lost.erase(planOf({ where: valueLeaf('n', [parsePattern('3')]) }), true);
  await done(lost, id);
  await lost.close();
  await cp(join(lostDir, 'erasures'), join(dataDir, 'erasures'), { recursive: true });

  const gate = Promise.withResolvers<void>();
  const run = runHere();
  const store = await open(dataDir, async (kind, input, options) => {
    if (kind.name === ERASE.name) await gate.promise;
    return run(kind, input, options);
  });
  await append(store, numberedLines('x', 10, 1));
  expect(store.problem).toBeUndefined();
  const reason = `no line is shown yet: erasure ${id} of before the restore is being done again`;
  await expect(found(store, {})).rejects.toMatchObject({
    status: 503,
    message: expect.stringContaining(reason) as string,
  });
  const { signal } = new AbortController();
  expect(() =>
    new QueryEngine(store).follow({ caller: 'a', signal }, planOf(), { kind: 'text', format: 'raw' }),
  ).toThrow(reason);
  gate.resolve();
  await done(store, id);
  const numbers = (await found(store, { direction: 'forward' })).map((line) => (JSON.parse(line) as { n: number }).n);
  expect(numbers).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10]);
  await store.close();
  await rm(folder, { recursive: true });
});
