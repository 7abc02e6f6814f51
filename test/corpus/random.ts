/**
 * Seeded randomness for the corpus: the same seed gives the same bytes on every machine. The generator is sfc32
 * (Chris Doty-Humphrey's Small Fast Counter, PractRand), which passes PractRand and costs about a nanosecond.
 */

/** Owns the state of one sfc32 generator. */
export class Random {
  #a: number;
  #b = 0x9e3779b9 | 0;
  #c = 0x243f6a88 | 0;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    // The author's advice: a dozen rounds until every bit of the seed has reached every bit of the state.
    for (let round = 0; round < 12; round++) this.bits();
  }

  /** 32 random bits as a signed integer, which V8 keeps unboxed. */
  bits(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }

  /** Uniform in [0, 1), in steps of 2⁻³². */
  unit(): number {
    return (this.bits() >>> 0) * 2.3283064365386963e-10;
  }

  /** A uniform integer in [0, count). */
  below(count: number): number {
    return Math.floor((this.bits() >>> 0) * 2.3283064365386963e-10 * count);
  }

  /**
   * A rank in [0, count), where rank r is about 1/(r + 1) as likely as rank 0: Zipf with exponent 1, by inverting its
   * continuous distribution, so that no table of `count` entries is needed.
   */
  zipf(count: number): number {
    return Math.min(count, Math.floor(Math.exp(this.unit() * Math.log(count + 1)))) - 1;
  }
}

/** Entries of a table from `pickTable` and `logNormalTable`; a power of two, so that picking is a mask. */
export const TABLE_SIZE = 4096;

/** Spreads items over a table in proportion to their weights: `table[bits & (TABLE_SIZE - 1)]` picks one. */
export function pickTable(weights: readonly number[]): Uint8Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Uint8Array(TABLE_SIZE);
  let item = 0;
  let below = weights[0]!;
  for (let i = 0; i < TABLE_SIZE; i++) {
    while ((i + 0.5) / TABLE_SIZE > below / total) below += weights[++item]!;
    table[i] = item;
  }
  return table;
}

/** Quantiles of a log-normal distribution, whole numbers: `median` in the middle, `sigma` the spread of its logarithm. */
export function logNormalTable(median: number, sigma: number): Float64Array {
  const table = new Float64Array(TABLE_SIZE + 1);
  for (let i = 0; i <= TABLE_SIZE; i++) {
    const p = (i + 0.5) / (TABLE_SIZE + 1);
    table[i] = Math.round(median * Math.exp(sigma * normalQuantile(p)));
  }
  return table;
}

/** A whole number from a `logNormalTable`, interpolated, so that far more values occur than the table has. */
export function pickQuantile(table: Float64Array, bits: number): number {
  const index = (bits >>> 12) & (TABLE_SIZE - 1);
  const low = table[index]!;
  return Math.round(low + ((table[index + 1]! - low) * (bits & 0xfff)) / 0x1000);
}

/** The inverse of the normal distribution, to about 5e-4: Abramowitz and Stegun, Handbook, 26.2.23. */
function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328);
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  const distance = t - numerator / denominator;
  return p < 0.5 ? -distance : distance;
}
