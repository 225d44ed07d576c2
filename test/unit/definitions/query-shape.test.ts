import { describe, expect, it } from 'vitest';
import { queryShape } from '../../../definitions/query-shape.ts';

const isRowByRow = (sql: string): boolean => queryShape(sql, 'flights', 'at').rowByRow;

describe('queryShape', () => {
  it.each([
    'SELECT * FROM flights',
    'select origin, at, delay * 2 as twice from flights where delay > 0',
    'SELECT f.*, lower(origin) AS o FROM "flights" AS f WHERE f.delay IN (1, 2)',
    "SELECT at AS at, 'from, group by' AS x FROM flights -- join\nWHERE true",
    'SELECT f.at, CASE WHEN (delay > 1) THEN round(delay, 1) END d, origin FROM Flights f',
    'SELECT at /* , sum(x) */, origin FROM flights',
  ])('takes rows one by one: %s', (sql) => expect(isRowByRow(sql)).toBe(true));

  it.each([
    'SELECT count(*) AS n, at FROM flights GROUP BY at',
    'SELECT sum(delay) AS n, at FROM flights',
    'SELECT at, arbitrary_new_aggregate(delay) FROM flights',
    'SELECT at, "sum"(delay) FROM flights',
    'SELECT at, delay.sum() FROM flights',
    'SELECT DISTINCT at FROM flights',
    'SELECT at, row_number() OVER (ORDER BY at) FROM flights',
    'SELECT at, unnest(legs) FROM flights',
    'SELECT at FROM flights, flights f2',
    'SELECT a.at FROM flights a JOIN flights b ON true',
    'SELECT at FROM flights LIMIT 3',
    'SELECT at FROM flights UNION ALL SELECT at FROM flights',
    'SELECT at, (SELECT max(delay) FROM flights) FROM flights',
    'WITH f AS (SELECT * FROM flights) SELECT at FROM f',
    'FROM flights SELECT at',
    'SELECT at FROM airports',
    'SELECT at + INTERVAL 1 DAY AS at, origin FROM flights',
    'SELECT *, loaded AS at FROM flights',
    'SELECT origin FROM flights',
    "SELECT at, E'it\\'s' FROM flights",
    'SELECT at, $$x$$ FROM flights',
    'SELECT at, FROM flights',
    "SELECT 'open",
    '',
  ])('reads the whole source: %s', (sql) => expect(isRowByRow(sql)).toBe(false));
});
