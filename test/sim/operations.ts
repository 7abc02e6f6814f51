/** What happens in a run, as data: made from the seed alone, so that a failing run can be made shorter and run again. */
import { MAX_SIZE_RESERVE_BYTES } from '../../server/limits.ts';
import type { RetentionRule } from '../../server/engines/embedded/lane/retention/rules.ts';
import { Random } from '../corpus/random.ts';
import type { FaultPlan } from './sim-disk.ts';
import { NO_FAULTS } from './sim-disk.ts';

export const WRITERS = 4;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const RETENTION_MS = 3 * DAY_MS;
/** The first that matches counts; expiry.ts has them once more, as the naive half. */
export const RULES: readonly RetentionRule[] = [
  { selector: new Map([['pod', 'pod-1']]), ageMs: DAY_MS },
  { selector: new Map([['pod', 'pod-*']]), ageMs: 40 * DAY_MS },
  { selector: new Map(Object.entries({ app: 'push', pod: 'push-1*' })), ageMs: 12 * HOUR_MS },
];

/** What may become of both files of the manifest. */
export const LOSSES = ['gone', 'cut', 'flipped'] as const;
export type Loss = (typeof LOSSES)[number];

export type Operation = { readonly seed: number } & (
  | {
      readonly kind: 'send';
      readonly writers: readonly number[];
      readonly lines: number;
      readonly isReplyLost: boolean;
    }
  | { readonly kind: 'repeat'; readonly writer: number }
  /** A batch that begins where its file does not end. */
  | { readonly kind: 'wrong'; readonly writer: number }
  | { readonly kind: 'push'; readonly lines: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'compact'; readonly isAll: boolean }
  /** Everything of one user goes. */
  | { readonly kind: 'erase'; readonly user: number }
  | { readonly kind: 'tick'; readonly afterMs: number }
  | { readonly kind: 'setClock'; readonly byMs: number }
  | { readonly kind: 'query' }
  | { readonly kind: 'faults'; readonly plan: FaultPlan; readonly isNearlyFull: boolean }
  | { readonly kind: 'crash'; readonly afterOperations: number }
  /** All that runs ends first. */
  | { readonly kind: 'settle' }
  | { readonly kind: 'restart' }
  /** So much later, on a whole disk, all is gone whose time has ended. */
  | { readonly kind: 'keep'; readonly afterMs: number }
  | { readonly kind: 'backUp' }
  /** One of the snapshots becomes a data folder of its own. */
  | { readonly kind: 'restore' }
  /** The process ends, and both files of the manifest with it. */
  | { readonly kind: 'loseManifests'; readonly loss: Loss; readonly afterOperations: number }
  /** The process ends, and with it the header of a WAL file, rather of one behind a file that had refused batches. */
  | { readonly kind: 'loseHeader'; readonly afterOperations: number }
  | { readonly kind: 'flip' }
  /** `podlog check --repair` */
  | { readonly kind: 'repair' }
);

/** What kinds of harm a run does: not all at once, so that what each of them must lead to can be said. */
export interface Harm {
  readonly errors: boolean;
  readonly flips: boolean;
  /** Of both files of the manifest. */
  readonly losses: boolean;
}

/** @param bytesMax  as --max-size, Infinity when only time counts */
export interface RetentionScript {
  readonly isByRules: boolean;
  readonly bytesMax: number;
}

export interface Script {
  readonly harm: Harm;
  readonly retention: RetentionScript;
  readonly operations: readonly Operation[];
}

const FAULTS: readonly FaultPlan[] = [
  NO_FAULTS,
  NO_FAULTS,
  { errors: [], slowChance: 0.2 },
  { errors: [{ kinds: ['write', 'open', 'names', 'sync'], code: 'ENOSPC', chance: 0.2 }], slowChance: 0 },
  { errors: [{ kinds: ['write', 'sync', 'truncate'], code: 'EIO', chance: 0.15 }], slowChance: 0.02 },
  { errors: [{ kinds: ['sync', 'syncFolder'], code: 'EIO', chance: 0.5 }], slowChance: 0 },
  { errors: [{ kinds: ['read', 'look'], code: 'EIO', chance: 0.1 }], slowChance: 0 },
  {
    errors: [
      {
        kinds: ['open', 'read', 'write', 'sync', 'truncate', 'names', 'syncFolder', 'look'],
        code: 'EIO',
        chance: 0.08,
      },
    ],
    slowChance: 0.05,
  },
];

export function scriptOf(seed: number): Script {
  const random = new Random(seed);
  const flips = random.below(4) === 0;
  const harm = { flips, errors: !flips && random.below(3) > 0, losses: !flips && random.below(4) === 0 };
  const retention = { isByRules: random.below(3) === 0, bytesMax: flips ? Infinity : bytesMaxOf(random) };
  const count = 8 + random.below(40);
  const operations = Array.from({ length: count }, () => operationOf(random, harm));
  if (harm.errors && random.below(3) === 0) operations.splice(random.below(count), 0, ...refusals(random));
  return { harm, retention, operations };
}

/**
 * What single operations seldom come to: batches that are refused at a failed sync, stay in a file that cannot be cut, and
 * are sent again, before the header that says so is lost.
 */
function refusals(random: Random): Operation[] {
  const writer = random.below(WRITERS);
  const send = (): Operation => {
    return { seed: random.bits(), kind: 'send', writers: [writer], lines: 1 + random.below(3), isReplyLost: false };
  };
  const plan: FaultPlan = { errors: [{ kinds: ['sync', 'truncate'], code: 'EIO', chance: 0.5 }], slowChance: 0 };
  return [
    send(),
    { seed: random.bits(), kind: 'faults', plan, isNearlyFull: false },
    ...Array.from({ length: 3 + random.below(6) }, send),
    { seed: random.bits(), kind: 'loseHeader', afterOperations: random.below(10) },
  ];
}

/** A run writes about 10 KB. The store keeps its reserve below it. */
function bytesMaxOf(random: Random): number {
  return random.below(3) > 0 ? Infinity : MAX_SIZE_RESERVE_BYTES + 1000 + random.below(8000);
}

function operationOf(random: Random, harm: Harm): Operation {
  const seed = random.bits();
  const die = random.below(110);
  if (die < 38) {
    const writer = random.below(WRITERS);
    const writers = random.below(4) === 0 ? [writer, (writer + 1) % WRITERS] : [writer];
    return { seed, kind: 'send', writers, lines: 1 + random.below(6), isReplyLost: random.below(8) === 0 };
  }
  if (die < 42) return { seed, kind: 'repeat', writer: random.below(WRITERS) };
  if (die < 44) return { seed, kind: 'wrong', writer: random.below(WRITERS) };
  if (die < 49) return { seed, kind: 'push', lines: 1 + random.below(4) };
  if (die < 55) return { seed, kind: 'flush' };
  if (die < 59) return { seed, kind: 'compact', isAll: random.below(3) > 0 };
  if (die < 60) return { seed, kind: 'erase', user: random.below(5) };
  if (die < 64) return { seed, kind: 'tick', afterMs: tickMs(random) };
  if (die < 65) return { seed, kind: 'setClock', byMs: random.below(3) > 0 ? -random.below(DAY_MS) : jumpMs(random) };
  if (die < 74) return { seed, kind: 'query' };
  if (die < 80) {
    const plan = harm.errors ? FAULTS[random.below(FAULTS.length)]! : FAULTS[random.below(3)]!;
    return { seed, kind: 'faults', plan, isNearlyFull: harm.errors && random.below(12) === 0 };
  }
  if (harm.losses && die < 84) {
    return { seed, kind: 'loseManifests', loss: LOSSES[random.below(3)]!, afterOperations: random.below(40) };
  }
  if (harm.errors && die < 86) return { seed, kind: 'loseHeader', afterOperations: random.below(40) };
  if (die < 89) return { seed, kind: 'crash', afterOperations: random.below(40) };
  if (die < 93) return { seed, kind: 'settle' };
  if (die < 96 || (die < 100 && !harm.flips)) return { seed, kind: 'restart' };
  if (die < 100) return { seed, kind: 'flip' };
  if (die < 103) return { seed, kind: 'keep', afterMs: random.below(2) === 0 ? 0 : random.below(12 * DAY_MS) };
  // A damaged snapshot is not what its instant had.
  if (harm.flips) return { seed, kind: die < 106 ? 'flip' : 'repair' };
  return { seed, kind: die < 107 ? 'backUp' : 'restore' };
}

/** Up to forty days, in either direction. */
function jumpMs(random: Random): number {
  return (random.below(4) === 0 ? -1 : 1) * random.below(40 * DAY_MS);
}

/** Mostly seconds; now and then so long that a WAL file grows old, or a segment does. */
function tickMs(random: Random): number {
  const die = random.below(10);
  return die < 6 ? random.below(10_000) : die < 9 ? random.below(2 * HOUR_MS) : random.below(2 * DAY_MS);
}
