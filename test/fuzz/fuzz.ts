/** Arbitrary and mutated bytes for readers, by seed and for a while. */
import { Random } from '../corpus/random.ts';
import { CorruptionError } from '../../shared/errors.ts';

/** How long each reader is fuzzed; a soak sets more. */
const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 1500);
/** Of one attempt: a reader that takes longer hangs, as good as. */
const ATTEMPT_MS_MAX = 5000;

/**
 * Calls `attempt` with ever new seeds for a while. Nothing but a CorruptionError may come out of it.
 * FUZZ_SEED=n runs one of them alone.
 */
export async function fuzz(attempt: (random: Random) => unknown): Promise<void> {
  const one = process.env['FUZZ_SEED'];
  const endMs = performance.now() + FUZZ_MS;
  for (let seed = Number(one ?? 0); performance.now() < endMs; seed++) {
    const startMs = performance.now();
    try {
      await attempt(new Random(seed));
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw new Error(`FUZZ_SEED=${seed}: ${String(error)}`, { cause: error });
    }
    const ms = performance.now() - startMs;
    if (ms > ATTEMPT_MS_MAX) throw new Error(`FUZZ_SEED=${seed} took ${Math.round(ms)} ms`);
    if (one !== undefined) return;
  }
}

/** Numbers that readers trip over. */
const ODD_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** Some bytes changed, removed, doubled or added. */
export function mutated(bytes: Uint8Array, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(result.length + 1);
    const size = random.below(4) === 0 ? random.below(40) : 1 + random.below(4);
    switch (random.below(7)) {
      case 0:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + size)]);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), randomBytes(size, random), result.subarray(at)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at + size), result.subarray(at)]);
        break;
      case 3:
        // A large varint.
        result = Buffer.concat([result.subarray(0, at), LARGE_VARINT, result.subarray(at + 1)]);
        break;
      default:
        for (let i = at; i < Math.min(at + size, result.length); i++) {
          result[i] = random.below(2) === 0 ? ODD_BYTES[random.below(ODD_BYTES.length)]! : random.bits() & 0xff;
        }
    }
  }
  return result;
}

const LARGE_VARINT = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);

/** As long as before: what holds checksums elsewhere stays in place. */
export function overwritten(bytes: Uint8Array, random: Random): Buffer {
  const result = Buffer.from(bytes);
  for (let count = 1 + random.below(6); count > 0 && result.length > 0; count--) {
    const at = random.below(result.length);
    result[at] = random.below(2) === 0 ? ODD_BYTES[random.below(ODD_BYTES.length)]! : random.bits() & 0xff;
  }
  return result;
}

export function randomBytes(sizeBytes: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: sizeBytes }, () => random.bits() & 0xff));
}
