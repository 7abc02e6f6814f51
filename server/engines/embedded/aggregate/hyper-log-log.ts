/**
 * Estimates how many different values there are, from a few bits of many hashes: 2^bits registers a group, which store the
 * rarest of them. Sources: HyperLogLog, Flajolet, Fusy, Gandouet and Meunier 2007; for the estimate, Ertl 2017, "New
 * cardinality estimation algorithms for HyperLogLog sketches", algorithm 6.
 */

/** Returns the share of the truth within which an estimate lies, 19 times of 20. */
export function errorOf(bits: number): number {
  return (2 * 1.04) / Math.sqrt(2 ** bits);
}

/**
 * The first bits of a hash choose a register, which stores the largest number of leading zeros of the others, plus one.
 */
export function addToSketch(registers: Uint8Array, bits: number, group: number, high: number, low: number): void {
  const rest = (high << bits) | (low >>> (32 - bits));
  const zeros = rest === 0 ? Math.min(64 - bits, 32 + Math.clz32(low << bits)) : Math.clz32(rest);
  const at = (group << bits) + (high >>> (32 - bits));
  if (registers[at]! <= zeros) registers[at] = zeros + 1;
}

/** Adds a value together with its group to one sketch: the same value of two groups counts twice. */
export function addPairToSketch(registers: Uint8Array, bits: number, group: number, high: number, low: number): void {
  addToSketch(registers, bits, 0, high ^ Math.imul(group, 0x9e3779b1), low);
}

export function mergeSketch(from: Uint8Array, group: number, to: Uint8Array, toGroup: number, bits: number): void {
  const start = group << bits;
  const toStart = toGroup << bits;
  for (let i = 0; i < 1 << bits && start + i < from.length; i++) {
    if (from[start + i]! > to[toStart + i]!) to[toStart + i] = from[start + i]!;
  }
}

/** Returns the same sketches with fewer registers: 2^(bits − fewer) adjacent ones become one. */
export function folded(registers: Uint8Array<ArrayBuffer>, bits: number, fewer: number): Uint8Array<ArrayBuffer> {
  const shift = bits - fewer;
  if (shift === 0) return registers;
  const result = new Uint8Array(registers.length >> shift);
  for (let i = 0; i < registers.length; i++) {
    if (registers[i] === 0) continue;
    // The bits that chose among the registers now merged come before the counted zeros.
    const chosen = i & ((1 << shift) - 1);
    const zeros = chosen === 0 ? shift + registers[i]! - 1 : Math.clz32(chosen) - (32 - shift);
    if (result[i >> shift]! <= zeros) result[i >> shift] = zeros + 1;
  }
  return result;
}

export function estimate(registers: Uint8Array, group: number, bits: number): number {
  const size = 1 << bits;
  const rest = 64 - bits;
  const counts = new Uint32Array(rest + 2);
  for (let i = group << bits, end = i + size; i < end; i++) counts[registers[i] ?? 0]!++;
  let sum = size * tau(1 - counts[rest + 1]! / size);
  for (let zeros = rest; zeros > 0; zeros--) sum = 0.5 * (sum + counts[zeros]!);
  sum += size * sigma(counts[0]! / size);
  return Math.round(((0.5 / Math.LN2) * size * size) / sum);
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let [x, y, z, before] = [share, 1, share, 0];
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z !== before);
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z, before] = [share, 1, 1 - share, 0];
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  } while (z !== before);
  return z / 3;
}
