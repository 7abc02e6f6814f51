/** Tasks that take much memory run one at a time, whichever store they are of; others do not wait for them. */
import { expect, test } from 'vitest';
import { inTurn } from '../../../server/tenants/in-turn.ts';
import { type RunTask, taskFlow, taskKind } from '../../../server/workers/task.ts';

test('tasks of a room run one after the other, also after one that fails', async () => {
  const running: string[] = [];
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const run = (async (kind, input) => {
    begun.push(`${kind.name} ${String(input)}`);
    running.push(kind.name);
    const end = Promise.withResolvers<string>();
    ends.set(String(input), end);
    try {
      return await end.promise;
    } finally {
      running.splice(running.indexOf(kind.name), 1);
    }
  }) as RunTask;
  const inRooms = inTurn(run, (name) => ({ flush: 'a', merge: 'b', erase: 'b' })[name]);
  const ask = (name: string, input: string): Promise<unknown> =>
    inRooms(taskKind<string, string>(name), input, { flow: taskFlow('flush') });
  const first = ask('flush', '1');
  const second = ask('flush', '2');
  const merge = ask('merge', '3');
  const erase = ask('erase', '4');
  const other = ask('query', '5');
  await expect.poll(() => begun).toEqual(['query 5', 'flush 1', 'merge 3']);
  expect(running.toSorted()).toEqual(['flush', 'merge', 'query']);
  ends.get('1')!.reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  await expect.poll(() => begun.at(-1)).toBe('flush 2');
  ends.get('3')!.resolve('merged');
  expect(await merge).toBe('merged');
  await expect.poll(() => begun.at(-1)).toBe('erase 4');
  for (const input of ['2', '4', '5']) ends.get(input)!.resolve(input);
  expect(await Promise.all([second, erase, other])).toEqual(['2', '4', '5']);
});
