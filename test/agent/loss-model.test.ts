/**
 * A random life of a few pods as the kubelet leads it: rotations that delete the oldest file, restarts, deletions of pods
 * whose directories go at once or later, while agents are killed, requests fail and the server is down, or slow to take
 * what a new agent has. Where lines are missing there is one marker, and there is none where the server and the directory show that nothing can be missing.
 */
import { expect, test } from 'vitest';
import type { Fault } from './sink.ts';
import { Random } from '../corpus/random.ts';
import { FIRST_FILE_MS_MAX, ModelPod, problemOf } from './loss-model.ts';
import { until, World } from './pods.ts';

const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const SEEDS = Array.from({ length: Number(process.env['FUZZ_SEEDS'] ?? 12) }, (_, i) => FIRST_SEED + i);
const STEPS = 60;
const PODS_MAX = 5;
/** A batch is sent again after 40 ms: of as many, some agents have theirs taken when what is missing has been so for long. */
const REFUSALS_MAX = 25;

const FAULTS: readonly Fault[] = ['hang-up', 'store-and-hang-up', 'conflict', { status: 503 }];

/** Pods, an agent that comes and goes, and a server that fails. */
class Life {
  readonly world = new World();
  readonly #random: Random;
  readonly #all: ModelPod[] = [];
  #absences = 0;
  #isFaulty = true;
  /** How many of the next batches are refused; the last of them is one for which the server knows other positions. */
  #refusals = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async lead(): Promise<void> {
    await this.world.open();
    this.world.sink.fault = () => (this.#isFaulty ? this.#fault() : undefined);
    this.#beget();
    this.#beget();
    await this.#start();
    await this.#isStored();
    for (let step = 0; step < STEPS; step++) await this.#step();
    this.#isFaulty = false;
    this.world.sink.isDown = false;
    await this.#stop();
    await this.#start();
    await this.#isStored();
    await until(
      () => this.problems().length === 0,
      () => this.problems().join('\n'),
    );
    await this.world.settled();
  }

  problems(): string[] {
    return this.#all.map((pod) => problemOf(this.world, pod)).filter((problem) => problem !== undefined);
  }

  async #step(): Promise<void> {
    const dice = this.#dice(20);
    const pod = this.#pick();
    if (dice < 7) pod.write(1 + this.#dice(20));
    else if (dice < 10) {
      await this.#isHeld();
      await this.#isRotatable(pod);
      pod.rotate(undefined);
      pod.noteFullRuns(this.#absences);
    } else if (dice < 11) {
      await this.#isHeld();
      pod.restart(undefined);
    } else if (dice < 13) this.#beget();
    else if (dice < 14) {
      await this.#isHeld();
      this.#bury(pod, undefined);
    } else if (dice < 15) this.world.sink.isDown = !this.world.sink.isDown;
    else if (dice < 19) await this.#replaceAgent();
    else if (!this.world.sink.isDown) await this.world.settled();
    if (this.#dice(4) === 0) {
      this.world.sink.isDown = false;
      await this.#isStored();
    }
  }

  #fault(): Fault | undefined {
    if (this.#refusals > 0) return --this.#refusals === 0 ? 'conflict' : { status: 503 };
    return this.#dice(8) === 0 ? FAULTS[this.#dice(FAULTS.length)] : undefined;
  }

  async #replaceAgent(): Promise<void> {
    if (!this.world.sink.isDown && this.#dice(3) === 0) await this.#holdBatch();
    await this.#stop();
    for (let i = this.#dice(8); i > 0; i--) await this.#liveAlone();
    this.#refusals = this.#dice(2) * this.#dice(REFUSALS_MAX);
    await this.#start();
    if (this.#refusals > 0 && this.#dice(2) === 0) await this.#isServed();
  }

  /** The server is no longer slow. */
  async #isServed(): Promise<void> {
    this.world.sink.isDown = false;
    this.#pick().write(1);
    await until(
      () => this.#refusals === 0,
      () => 'no batch comes',
    );
  }

  /** The last batch of the agent that is killed now is stored after the next agent has asked for positions. */
  async #holdBatch(): Promise<void> {
    const { sink } = this.world;
    const { fault } = sink;
    sink.fault = () => 'late';
    this.#pick().write(1);
    await until(
      () => sink.isLate,
      () => 'no batch comes',
    );
    sink.fault = fault;
  }

  async #liveAlone(): Promise<void> {
    const absence = this.#absences;
    const pod = this.#pick();
    const what = this.#dice(8);
    if (what < 2) pod.write(1 + this.#dice(5));
    else if (what < 5) {
      await this.#isRotatable(pod);
      for (let n = this.#dice(7); n >= 0; n--) {
        pod.rotate(absence);
        pod.write(2);
      }
    } else if (what < 6) pod.restart(absence);
    else if (what < 7) this.#beget();
    else this.#bury(pod, absence);
  }

  #beget(): void {
    if (this.#pods().length >= PODS_MAX) return;
    const pod = new ModelPod(this.world, `p${this.#all.length}`);
    this.#all.push(pod);
    pod.write(1 + this.#dice(5));
  }

  #bury(pod: ModelPod, absence: number | undefined): void {
    if (this.#pods().length <= 2) return;
    pod.removeFiles(absence);
    if (this.#dice(2) === 0) pod.removeDirectory(absence);
  }

  async #start(): Promise<void> {
    for (const pod of this.#pods()) pod.noteFullRuns(this.#absences);
    await this.world.start({ firstFileMsMax: FIRST_FILE_MS_MAX });
  }

  async #stop(): Promise<void> {
    await this.world.stop();
    this.#absences++;
    for (const pod of this.#all) pod.noteAgentEnd(this.#absences);
  }

  #pods(): ModelPod[] {
    return this.#all.filter(({ isThere }) => isThere);
  }

  #pick(): ModelPod {
    const pods = this.#pods();
    return pods[this.#dice(pods.length)]!;
  }

  #dice(below: number): number {
    return this.#random.below(below);
  }

  /** So that nothing that goes goes unseen. */
  async #isHeld(): Promise<void> {
    await until(
      () => this.#pods().every((pod) => pod.isHeld(this.#stored())),
      () => 'an agent does not open what is there',
    );
  }

  async #isRotatable(pod: ModelPod): Promise<void> {
    await until(
      () => pod.isRotatable(),
      () => 'a directory stays young',
    );
  }

  async #isStored(): Promise<void> {
    await until(
      () => this.#pods().every((pod) => pod.isStored(this.#stored())),
      () => `lines on disk are not stored; ${this.problems().join('\n')}`,
    );
  }

  #stored(): ReadonlySet<string> {
    return new Set(this.world.sink.texts('stdout'));
  }
}

test.each(SEEDS)('where lines are missing there is a marker, and nowhere else: seed %i', async (seed) => {
  const life = new Life(seed);
  try {
    await life.lead();
    expect(life.problems(), `seed ${seed}`).toEqual([]);
  } finally {
    await life.world.close();
  }
});
