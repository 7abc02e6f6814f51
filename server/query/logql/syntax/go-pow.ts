/** Powers as Go's math.Pow computes them, to the last bit: by squaring, where JavaScript's `**` rounds otherwise. */

/** An exponent beyond it overflows. */
const EXPONENT_MAX = 1 << 12;
/** From there on each number is whole, and even. */
const WHOLE_FROM = 2 ** 63;

export function goPow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (x === -1 && Math.abs(y) === Infinity) return 1;
  if (y === 1 || Number.isNaN(x)) return x;
  if (y === 0.5) return Math.sqrt(x);
  if (y === -0.5) return 1 / Math.sqrt(x);
  const size = Math.abs(y);
  // What is infinite, zero or not a number in the end is the same in both.
  if (x === 0 || !Number.isFinite(x) || !Number.isFinite(y) || size >= WHOLE_FROM) return x ** y;
  let whole = Math.trunc(size);
  let fraction = size - whole;
  if (fraction !== 0 && x < 0) return NaN;
  let result = 1;
  if (fraction !== 0) {
    if (fraction > 0.5) {
      fraction--;
      whole++;
    }
    result = Math.exp(fraction * Math.log(x));
  }
  const power = wholePower(x, whole, result);
  return y < 0 ? scaled(1 / power.mantissa, -power.exponent) : scaled(power.mantissa, power.exponent);
}

interface Scaled {
  readonly mantissa: number;
  readonly exponent: number;
}

function wholePower(x: number, count: number, factor: number): Scaled {
  let mantissa = factor;
  let exponent = 0;
  let { mantissa: square, exponent: squareExponent } = halfToOne(x);
  for (let left = count; left !== 0; left = Math.floor(left / 2)) {
    if (Math.abs(squareExponent) > EXPONENT_MAX) return { mantissa, exponent: exponent + squareExponent };
    if (left % 2 === 1) {
      mantissa *= square;
      exponent += squareExponent;
    }
    square *= square;
    squareExponent *= 2;
    if (square < 0.5) {
      square += square;
      squareExponent--;
    }
  }
  return { mantissa, exponent };
}

const BITS = new DataView(new ArrayBuffer(8));
const SUBNORMAL_SHIFT = 52;
const EXPONENT_BIAS = 1022;

/** Returns a finite number as one from a half to below one, times a power of two. */
function halfToOne(value: number): Scaled {
  const isSubnormal = Math.abs(value) < 2 ** -EXPONENT_BIAS;
  BITS.setFloat64(0, isSubnormal ? value * 2 ** SUBNORMAL_SHIFT : value);
  const high = BITS.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - EXPONENT_BIAS - (isSubnormal ? SUBNORMAL_SHIFT : 0);
  BITS.setUint32(0, ((high & ~(0x7ff << 20)) | (EXPONENT_BIAS << 20)) >>> 0);
  return { mantissa: BITS.getFloat64(0), exponent };
}

/** Returns mantissa × 2^exponent, rounded once. */
function scaled(mantissa: number, exponent: number): number {
  const half = Math.trunc(Math.max(-2100, Math.min(2100, exponent)) / 2);
  const rest = Math.max(-2100, Math.min(2100, exponent)) - half;
  if (exponent < -EXPONENT_BIAS) return mantissa * 2 ** Math.max(half, -1000) * 2 ** Math.max(rest, -1074);
  return mantissa * 2 ** Math.min(half, 1000) * 2 ** Math.min(rest, 1023);
}
