/**
 * A DOUBLE rounded to seven significant binary digits, half away from zero, as `bucketValue(bucketCode(x))` of the quantile
 * sketch is: by the upper half of its bits.
 */
export function bucketValueSql(value: string): string {
  const upper = `(abs(${value})::BIT::BIGINT >> 32)`;
  const rounded = `least(((${upper} + ${1 << 13}) >> 14) << 14, ${0x7ff00000 - (1 << 14)})`;
  const size = `(${rounded} << 32)::BIT::DOUBLE`;
  return `CASE WHEN ${value} IS NULL OR NOT isfinite(${value}) THEN ${value} WHEN ${upper} < ${1 << 20} THEN 0::DOUBLE
    ELSE CASE WHEN ${value} < 0 THEN -${size} ELSE ${size} END END`;
}
