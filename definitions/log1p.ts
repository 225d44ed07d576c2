/**
 * ln(1 + x) to the last bit alike in every engine: the argument reduction and the minimax polynomial of fdlibm's
 * `log1p` (Ng, Sun Microsystems 1993), which need nothing but the four exact operations. `Math.log1p` and the engines'
 * logarithms are free to differ in their last bit. `offline/log1p-sql.ts` is the same in SQL.
 */

/** ln 2 in two parts: the first has trailing zeros, so that its products with an exponent are exact. */
export const LN2_HIGH = 6.9314718036912381649e-1;
export const LN2_LOW = 1.90821492927058770002e-10;

/** Coefficients of the polynomial in s², from its lowest power on. */
export const LOG_POLYNOMIAL = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
] as const;

/** Below it, x is its own logarithm to within half a last digit. */
export const TINY = 2 ** -54;
/** 1 + x is divided by a power of two into `[REDUCED_FROM, 2 · REDUCED_FROM)`: about √½. */
export const REDUCED_FROM = 0.7071;
/** From this power of two on, 1 + x rounds to nothing that a correction could mend. */
export const MOST_CORRECTED_POWER = 54;

/** NaN below -1, minus infinity at -1. */
export function log1p(x: number): number {
  if (Number.isNaN(x) || x < -1) return Number.NaN;
  if (x === -1) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY || Math.abs(x) < TINY) return x;
  const sum = 1 + x;
  const power = powerOf(sum);
  const f = sum / 2 ** power - 1;
  // what 1 + x lost by rounding, relative to it
  const lost = power >= MOST_CORRECTED_POWER ? 0 : (power >= 1 ? 1 - (sum - x) : x - (sum - 1)) / sum;
  const s = f / (2 + f);
  const z = s * s;
  const polynomial = z * LOG_POLYNOMIAL.reduceRight((rest, coefficient) => coefficient + z * rest, 0);
  const half = 0.5 * f * f;
  return s * (half + polynomial) + (power * LN2_LOW + lost) - half + f + power * LN2_HIGH;
}

/** The k for which `sum / 2^k` is reduced. `sum` is a positive normal number. */
function powerOf(sum: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, sum);
  const exponent = ((bits.getUint32(0) >>> 20) & 0x7ff) - 1023;
  // a mantissa of [1, 2) lies in the reduced range up to twice its start
  return sum / 2 ** exponent < 2 * REDUCED_FROM ? exponent : exponent + 1;
}
