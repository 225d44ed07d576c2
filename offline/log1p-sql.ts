import { LN2_HIGH, LN2_LOW, LOG_POLYNOMIAL, MOST_CORRECTED_POWER, REDUCED_FROM, TINY } from '../definitions/log1p.ts';
import { literalValue } from '../engine/sql.ts';

const double = (value: number): string => literalValue(value, 'float64');

/**
 * `log1p` of a DOUBLE expression, with the same operations in the same order. The intermediate results are named through
 * the parameters of lambdas, so that the text stays short.
 */
export function log1pSql(value: string): string {
  const general = bind('x', `[${value}]`, afterSum());
  return `CASE WHEN isnan(${value}) OR ${value} < -1 THEN 'NaN'::DOUBLE
    WHEN ${value} = -1 THEN '-Infinity'::DOUBLE
    WHEN isinf(${value}) OR abs(${value}) < ${double(TINY)} THEN ${value}
    ELSE ${general} END`;
}

/** The body with `name` standing for the one item of the list. */
function bind(name: string, list: string, body: string): string {
  return `list_transform(${list}, lambda ${name}: ${body})[1]`;
}

/** The exponent stands in bits 52 to 62 of the double. Outside the branch the value may be anything, so nothing may fail. */
function afterSum(): string {
  const exponent = '(((total::BIT::BIGINT >> 52) & 2047) - 1023)';
  const isLow = `total / pow(2::DOUBLE, ${exponent}) < ${double(2 * REDUCED_FROM)}`;
  const power = `(${exponent} + CASE WHEN ${isLow} THEN 0 ELSE 1 END)::DOUBLE`;
  return bind('total', '[1::DOUBLE + x]', bind('k', `[${power}]`, afterPower()));
}

function afterPower(): string {
  const lost = `CASE WHEN k >= ${MOST_CORRECTED_POWER} THEN 0::DOUBLE
    ELSE (CASE WHEN k >= 1 THEN 1::DOUBLE - (total - x) ELSE x - (total - 1::DOUBLE) END) / total END`;
  return bind('c', `[${lost}]`, bind('f', '[total / pow(2::DOUBLE, k) - 1::DOUBLE]', afterReduction()));
}

function afterReduction(): string {
  const polynomial = LOG_POLYNOMIAL.reduceRight(
    (rest, coefficient) => `(${double(coefficient)} + z * ${rest})`,
    double(0),
  );
  const half = '(0.5::DOUBLE * f * f)';
  const sum = `s * (${half} + z * ${polynomial}) + (k * ${double(LN2_LOW)} + c) - ${half} + f + k * ${double(LN2_HIGH)}`;
  return bind('s', '[f / (2::DOUBLE + f)]', bind('z', '[s * s]', sum));
}
