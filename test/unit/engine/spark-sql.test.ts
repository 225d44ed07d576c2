import { describe, expect, it } from 'vitest';
import { parseSparkUrl } from '../../../engine/spark/address.ts';
import { sparkIdentifier, sparkLiteral, sparkText } from '../../../engine/spark/spark-sql.ts';

describe('Spark literals', () => {
  it('escape what Spark would read as something else', () => {
    expect(sparkText(`it's a\\n "b"\n\0`)).toBe(`'it\\'s a\\\\n "b"\\u000a\\u0000'`);
    expect(sparkIdentifier('a`b C')).toBe('`a``b C`');
  });

  it('keep every bit', () => {
    expect(sparkLiteral(-(2n ** 63n), 'int64')).toBe(`CAST('-9223372036854775808' AS BIGINT)`);
    expect(sparkLiteral(-0, 'float64')).toBe(`CAST('-0' AS DOUBLE)`);
    expect(sparkLiteral(Number.NaN, 'float64')).toBe(`CAST('NaN' AS DOUBLE)`);
    expect(sparkLiteral(1n, 'timestamp')).toBe(`CAST(timestamp_micros(CAST('1' AS BIGINT)) AS TIMESTAMP_NTZ)`);
    expect(sparkLiteral(null, 'timestamp')).toBe('CAST(NULL AS TIMESTAMP_NTZ)');
  });
});

describe('the address of a Thrift server', () => {
  it('has a host, and a port and a user when they are not the usual ones', () => {
    expect(parseSparkUrl('thrift://spark')).toMatchObject({ host: 'spark', port: 10_000, user: 'asof' });
    expect(parseSparkUrl('thrift://me:s%40cret@[::1]:1')).toEqual({
      host: '::1',
      port: 1,
      user: 'me',
      password: 's@cret',
      shown: 'thrift://[::1]:1',
    });
  });

  it.each(['spark:10000', 'http://spark:10000', 'thrift://', 'jdbc:hive2://u:secret@spark'])('is not %s', (url) => {
    expect(() => parseSparkUrl(url)).toThrow(/write thrift:\/\/host:10000/);
    expect(() => parseSparkUrl(url)).not.toThrow(/secret/);
  });
});
