/** Agents that end at any moment. They keep no state, so the next one has only what the server knows. */
import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Random } from '../corpus/random.ts';
import { endPodlog } from '../e2e/podlog.ts';
import { loseAnswers, runBriefly, startProcess } from './kills.ts';
import { cri, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

test('killed a hundred times at random moments, with rotations and lost answers: nothing is lost or doubled', async () => {
  const random = new Random(Number(process.env['FUZZ_SEED'] ?? 1));
  const want: string[] = [];
  loseAnswers(world, random);
  for (let run = 0; run < 100; run++) {
    const lines = numbered(`run-${run}`, 1 + random.below(400));
    want.push(...lines);
    world.writeLines(lines);
    await runBriefly(world, random);
    if (run % 9 !== 8) continue;
    world.rename(world.path(LIVE), world.path(rotated(run)));
    if (run > 9) world.gzip(world.path(rotated(run - 9)));
  }
  await world.start();
  await world.expectLines(want);
  await world.settled();
  expect(world.sink.lines).toHaveLength(want.length);
});

/** Writes numbered lines until it is stopped, and returns how many there are. */
function writeSteadily(): () => number {
  world.live('');
  let count = 0;
  const timer = setInterval(() => {
    let text = '';
    for (let i = 0; i < 100; i++) text += cri(`line-${count++}`);
    appendFileSync(world.path(LIVE), text);
  }, 5);
  return () => {
    clearInterval(timer);
    return count;
  };
}

async function untilMore(lines: number): Promise<void> {
  const want = world.sink.lines.length + lines;
  await until(
    () => world.sink.lines.length >= want,
    () => `${world.sink.lines.length} of ${want} lines arrived; markers: ${world.markers().join('; ')}`,
  );
}

test('kill -9 under load: nothing is lost or doubled', async () => {
  const stopWriting = writeSteadily();
  for (let run = 0; run < 4; run++) {
    const agent = startProcess(world);
    await untilMore(500 + run * 300);
    expect(await endPodlog(agent, 'SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  }
  const count = stopWriting();
  await world.start();
  await world.expectLines(numbered('line', count));
  await world.settled();
  expect(world.sink.lines).toHaveLength(count);
});

test('SIGTERM under load: drains, ends in time and in order, and the next agent goes on exactly there', async () => {
  const stopWriting = writeSteadily();
  const agent = startProcess(world);
  await untilMore(2_000);
  const startMs = performance.now();
  expect(await endPodlog(agent, 'SIGTERM')).toEqual({ code: 0, signal: null });
  // Kubernetes waits for 30 s; the agent drains for 10 at most.
  expect(performance.now() - startMs).toBeLessThan(30_000);
  const next = startProcess(world);
  await untilMore(2_000);
  const count = stopWriting();
  await world.expectLines(numbered('line', count));
  await endPodlog(next, 'SIGTERM');
  expect(world.sink.lines).toHaveLength(count);
});

test('two agents of one node at once, until one ends: nothing is lost or doubled', async () => {
  const stopWriting = writeSteadily();
  const first = startProcess(world);
  await untilMore(1_000);
  const second = startProcess(world);
  await until(
    () => world.sink.conflicts + world.sink.repeats > 0,
    () => 'the agents do not meet',
  );
  await untilMore(2_000);
  expect(await endPodlog(first, 'SIGTERM')).toEqual({ code: 0, signal: null });
  await untilMore(1_000);
  const count = stopWriting();
  await world.expectLines(numbered('line', count));
  await endPodlog(second, 'SIGTERM');
  expect(world.sink.lines).toHaveLength(count);
});
