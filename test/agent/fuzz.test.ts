/**
 * A random life of a few containers under a random sequence of rotations, compressions, restarts, deletions, server
 * faults and kills of the agent. At the end every line must have arrived exactly once.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Multiline } from '../../agent/rules/multiline.ts';
import { Random } from '../corpus/random.ts';
import { cri, until, World } from './pods.ts';

type Stream = 'stdout' | 'stderr';

class FakeContainer {
  readonly name: string;
  readonly want: Record<Stream, string[]> = { stdout: [], stderr: [] };
  readonly #world: World;
  readonly #open: Record<Stream, string> = { stdout: '', stderr: '' };
  #restart = 0;
  #rotations = 0;
  #lines = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  fragment(stream: Stream, isPartial: boolean, length: number): void {
    const text = `${this.name}-${this.#lines++}-${'x'.repeat(length)};`;
    this.#write(cri(text, isPartial ? 'P' : 'F', stream));
    this.#open[stream] += text;
    if (!isPartial) this.#complete(stream);
  }

  rotate(): void {
    const rotation = `.20260101-${String(this.#rotations++).padStart(6, '0')}`;
    this.#world.rename(this.#path(''), this.#path(rotation));
    this.#write('');
  }

  /** Compresses the oldest plain rotated file. */
  compress(): void {
    const names = readdirSync(this.#world.path('', this.name));
    const oldest = names.filter((name) => /-\d{6}$/.test(name)).toSorted()[0];
    if (oldest !== undefined) this.#world.gzip(this.#world.path(oldest, this.name));
  }

  restart(): void {
    for (const stream of ['stdout', 'stderr'] as const) if (this.#open[stream] !== '') this.#complete(stream);
    this.#restart++;
    this.#write('');
  }

  end(): void {
    this.restart();
  }

  #complete(stream: Stream): void {
    this.want[stream].push(this.#open[stream]);
    this.#open[stream] = '';
  }

  #write(text: string): void {
    this.#world.write(this.#path(''), text);
  }

  #path(rotation: string): string {
    return this.#world.path(`${this.#restart}.log${rotation}`, this.name);
  }
}

const SEEDS = Array.from({ length: 12 }, (_, i) => Number(process.env['FUZZ_SEED'] ?? 1) + i);

/** Lines of text stand alone, but have to wait for what could follow. */
const MULTILINE: readonly Multiline[] = [{ kind: 'off' }, { kind: 'traces' }];

test.each(SEEDS)('seed %i', async (seed) => {
  const multiline = MULTILINE[seed % 2];
  const source = new Random(seed);
  const random = (below: number): number => source.below(below);
  const world = new World();
  await world.open();
  try {
    const containers = ['a', 'b', 'c'].map((name) => new FakeContainer(world, name));
    for (const container of containers) container.fragment('stdout', false, 5);
    world.sink.fault = () => {
      const dice = random(12);
      if (dice === 0) return { status: 503 };
      if (dice === 1) return 'hang-up';
      return dice === 2 ? 'store-and-hang-up' : undefined;
    };
    await world.start({ multiline });
    for (let step = 0; step < 120; step++) await live(world, containers[random(3)]!, random, multiline);
    for (const container of containers) container.end();
    await world.stop();
    await world.start({ multiline });
    await until(
      () => missingOf(world, containers).length === 0,
      () => `seed ${seed}: ${JSON.stringify({ missing: missingOf(world, containers), ...shown(world, containers) })}`,
    );
    await world.settled();
    expect(shown(world, containers).differ, `seed ${seed}`).toEqual([]);
    expect(world.markers(), `seed ${seed}`).toEqual([]);
  } finally {
    await world.close();
  }
});

async function live(
  world: World,
  container: FakeContainer,
  random: (below: number) => number,
  multiline: Multiline | undefined,
): Promise<void> {
  const dice = random(40);
  if (dice < 24) {
    const count = random(3) === 0 ? 300 : 5;
    for (let i = random(count); i >= 0; i--) {
      container.fragment(random(3) === 0 ? 'stderr' : 'stdout', random(4) === 0, random(200));
    }
  } else if (dice < 29) container.rotate();
  else if (dice < 31) container.compress();
  else if (dice < 32) container.restart();
  else if (dice < 35) {
    await world.stop(random(2) * 50);
    for (let i = random(4); i > 0; i--) {
      container.fragment('stdout', random(4) === 0, random(200));
      container.rotate();
      if (random(2) === 0) container.compress();
    }
    await world.start({ multiline });
  } else await sleep(random(40));
}

function missingOf({ sink }: World, containers: readonly FakeContainer[]): string[] {
  const got = new Set(sink.lines.filter(({ stream }) => stream !== 'podlog').map(({ text }) => text));
  const wanted = containers.flatMap(({ want }) => [...want.stdout, ...want.stderr]);
  return wanted.filter((text) => !got.has(text));
}

/** What a failing run prints: markers, and both lists of each stream that is not as it should be. */
function shown(world: World, containers: readonly FakeContainer[]) {
  const streams = containers.flatMap(({ name, want }) =>
    (['stdout', 'stderr'] as const).map((stream) => {
      const got = world.sink.lines.filter((line) => line.container === name && line.stream === stream);
      return { name, stream, want: want[stream].toSorted(), got: got.map(({ text }) => text).toSorted() };
    }),
  );
  return { markers: world.markers(), differ: streams.filter(({ want, got }) => want.join('\n') !== got.join('\n')) };
}
