/** Whether some line has a name is found without counting all lines: each request with such a name asks it first. */
import { expect, test } from 'vitest';
import { QueryEngine } from '../../../server/query/engine.ts';
import { refuseMistakes, suspectNames } from '../../../server/query/mistaken-names.ts';
import { batchOf, type Line } from '../engines/embedded/batches.ts';
import { append, openStore } from '../engines/embedded/open-store.ts';
import { readerOf } from '../engines/embedded/query-context.ts';
import { SOMEBODY } from '../store/asking.ts';

const GROUPS = 100;
/** The first tasks of a search take some thousand rows. */
const LINES = 400;

async function engineOf(textOf: (group: number) => string): Promise<QueryEngine> {
  const { store } = await openStore();
  for (let group = 0; group < GROUPS; group++) {
    const line: Line = { text: textOf(group), day: 20_000, timeNs: group * 1e9 };
    await append(store, batchOf({ lines: Array.from({ length: LINES }, () => line) }));
  }
  return new QueryEngine(readerOf(store));
}

async function refusal(engine: QueryEngine, query: Record<string, string>): Promise<unknown> {
  const suspects = suspectNames(query, []);
  expect(suspects.map(({ name }) => name)).toEqual(Object.keys(query));
  return engine.run(SOMEBODY, (view, asked) => refuseMistakes(suspects, { namespaces: 'all' }, view, asked));
}

test('a name of new lines is found among them', async () => {
  const engine = await engineOf((group) => JSON.stringify({ n: group }));
  const answered = (await refusal(engine, { n: '1' })) as Awaited<ReturnType<QueryEngine['run']>>;
  expect(answered.statistics.rowGroupsRead).toBeLessThan(0.7 * GROUPS);
});

test('a name of one old line is found, and one of none is refused, whichever it is', async () => {
  const engine = await engineOf((group) => (group === 0 ? '{"n":1}' : '{"a":1}'));
  await refusal(engine, { n: '1' });
  await expect(refusal(engine, { n: '1', size: '2' })).rejects.toThrow(/^size: podlog has no such parameter/);
  await expect(refusal(engine, { tail: '1', n: '1' })).rejects.toThrow(/^tail: podlog has no such parameter/);
});
