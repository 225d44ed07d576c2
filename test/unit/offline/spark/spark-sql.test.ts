/** The text that Spark gets. That it gives the right rows is held by `test/integration/spark`. */
import { describe, expect, it } from 'vitest';
import type { CommittedFile } from '../../../../contracts/lake.ts';
import type { WindowManifest } from '../../../../contracts/manifest.ts';
import type { PlannedView } from '../../../../contracts/plan.ts';
import { asOfSql } from '../../../../offline/spark/asof-sql.ts';
import { sparkEvents } from '../../../../offline/spark/events-sql.ts';
import { floatValuesSql, hashedFloats } from '../../../../offline/spark/float-hashes.ts';
import { planSparkWindows } from '../../../../offline/spark/window-plan.ts';
import { windowSql } from '../../../../offline/spark/window-sql.ts';
import { aggregateFeature, columnFeature, planView, type ViewOptions } from '../../../world/world.ts';

const SOURCES = { events: 'SELECT * FROM rows', requests: 'SELECT * FROM asof_requests' };
const OPTIONS: Omit<ViewOptions, 'features'> = { mode: 'aggregate', ttlMicros: null, delayMicros: 5, hasCreated: true };
const HOUR: WindowManifest = { kind: 'duration', micros: 3_600_000_000, resolutionMicros: 60_000_000 };

function planned(window: WindowManifest, options: Partial<ViewOptions> = {}): PlannedView {
  const where = [{ column: 'label', values: ["it's", null] }];
  const features = [
    aggregateFeature('n', { function: 'count', column: null, window, where }),
    aggregateFeature('total', { function: 'sum', column: 'amount', window, where: [] }),
  ];
  return planView({ ...OPTIONS, features, ...options });
}

function file(path: string, columns: CommittedFile['columns']): CommittedFile {
  return { path, columns } as CommittedFile;
}

describe('the event relation', () => {
  it('reads files with the same columns together, by escaped patterns and typed columns', () => {
    const { view, source } = planView({ ...OPTIONS, mode: 'asof', features: [columnFeature('vector', null)] });
    const held = [
      { name: 'name', type: 'string' },
      { name: 'code', type: 'int64' },
      { name: 'vector', type: 'float32[2]' },
      { name: 'happened', type: 'timestamp' },
      { name: 'loaded', type: 'timestamp' },
      { name: '__seq', type: 'int64' },
    ] as const;
    const events = sparkEvents({
      lake: { url: "file:///lake%20of/o'neil%7B1%7D" },
      files: [
        file('sources/rows/a.parquet', held),
        file('sources/rows/b.parquet', held),
        file('sources/rows/old.parquet', held.slice(3)),
      ],
      view,
      source,
      columns: ['vector'],
      range: { from: 0n, to: 10n },
    });
    expect(events.setup).toMatchInlineSnapshot(`
      [
        "CREATE OR REPLACE TEMPORARY VIEW asof_files_0 (\`name\` STRING, \`code\` BIGINT, \`vector\` ARRAY<FLOAT>, \`happened\` TIMESTAMP_NTZ, \`loaded\` TIMESTAMP_NTZ, \`__seq\` BIGINT) USING parquet OPTIONS (path 'file:///lake of/o\\'neil\\\\{1\\\\}/sources/rows/{a.parquet,b.parquet}')",
        "CREATE OR REPLACE TEMPORARY VIEW asof_files_1 (\`happened\` TIMESTAMP_NTZ, \`loaded\` TIMESTAMP_NTZ, \`__seq\` BIGINT) USING parquet OPTIONS (path 'file:///lake of/o\\'neil\\\\{1\\\\}/sources/rows/{old.parquet}')",
      ]
    `);
    expect(events.select).toMatchInlineSnapshot(`
      "SELECT \`name\` AS k0, \`code\` AS k1, unix_micros(CAST(\`happened\` AS TIMESTAMP)) AS ev, unix_micros(CAST(\`loaded\` AS TIMESTAMP)) AS cr, \`__seq\` AS seq, coalesce(lower(trim(CAST(CAST(NULL AS STRING) AS STRING))) IN ('d', 'delete'), false) AS del, \`vector\` AS c0 FROM asof_files_0 WHERE unix_micros(CAST(\`happened\` AS TIMESTAMP)) >= CAST('0' AS BIGINT) AND unix_micros(CAST(\`happened\` AS TIMESTAMP)) < CAST('10' AS BIGINT)
      UNION ALL
      SELECT CAST(NULL AS STRING) AS k0, CAST(NULL AS BIGINT) AS k1, unix_micros(CAST(\`happened\` AS TIMESTAMP)) AS ev, unix_micros(CAST(\`loaded\` AS TIMESTAMP)) AS cr, \`__seq\` AS seq, coalesce(lower(trim(CAST(CAST(NULL AS STRING) AS STRING))) IN ('d', 'delete'), false) AS del, CAST(NULL AS ARRAY<FLOAT>) AS c0 FROM asof_files_1 WHERE unix_micros(CAST(\`happened\` AS TIMESTAMP)) >= CAST('0' AS BIGINT) AND unix_micros(CAST(\`happened\` AS TIMESTAMP)) < CAST('10' AS BIGINT)"
    `);
  });

  it('reads a lake on S3 by the scheme of Hadoop', () => {
    const { view, source } = planView({ ...OPTIONS, features: [] });
    const files = [file('sources/rows/a.parquet', [])];
    const { setup } = sparkEvents({ lake: { url: 's3://bucket/lake/p' }, files, view, source, columns: [], range: {} });
    expect(setup[0]).toContain(`(path 's3a://bucket/lake/p/sources/rows/\\{a.parquet}')`.replace('\\', ''));
  });
});

describe('an as-of view', () => {
  const input = { ...SOURCES, keys: 2, columns: 1, delayMicros: 5, ttlMicros: 7, asKnown: false };
  it('is a running maximum over requests and rows', () => {
    expect(asOfSql(input)).toMatchInlineSnapshot(`
      "WITH asked AS (SELECT * FROM asof_requests),
      events AS (SELECT * FROM rows),
      entries AS (
        SELECT e.k0, e.k1, e.ev + CAST('5' AS BIGINT) AS at, 0 AS kind, CAST(NULL AS BIGINT) AS row, struct(e.ev AS ev, coalesce(e.cr, CAST('-9223372036854775808' AS BIGINT)) AS cr, e.seq AS seq, e.del AS del, e.c0 AS c0) AS found
        FROM events e LEFT SEMI JOIN asked a ON e.k0 = a.k0 AND e.k1 = a.k1
        UNION ALL
        SELECT k0, k1, at, 1 AS kind, row, NULL AS found FROM asked
      ),
      answers AS (
        SELECT row, at, kind, max(found) OVER (PARTITION BY k0, k1 ORDER BY at, kind
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS found
        FROM entries
      )
      SELECT row, found.ev AS event, found.cr > at AS late, found.ev >= at - CAST('7' AS BIGINT) AND NOT found.del AS live, NOT (found.ev >= at - CAST('7' AS BIGINT)) AND NOT found.del AS expired, found.c0 AS c0 FROM answers WHERE kind = 1 AND found IS NOT NULL"
    `);
  });
  it('as known lets rows enter when they are created', () => {
    const text = asOfSql({ ...input, asKnown: true, ttlMicros: null });
    expect(text).toContain(`greatest(e.ev + CAST('5' AS BIGINT), e.cr) AS at`);
    expect(text).toContain('WHERE e.cr IS NOT NULL');
    expect(text).toContain('true AND NOT found.del AS live');
  });
});

describe('windows', () => {
  it('of a duration join over slots of time', () => {
    expect(windowSql('ranged', planSparkWindows(planned(HOUR), false), SOURCES)).toMatchInlineSnapshot(`
      "WITH asked AS (SELECT * FROM asof_requests),
      events AS (SELECT * FROM rows),
      narrow AS (
        SELECT e.k0, e.k1, e.ev, coalesce(e.cr, CAST('-9223372036854775808' AS BIGINT)) AS cr, e.seq, e.c1 AS i0, (e.c0 <=> 'it\\'s' OR e.c0 <=> CAST(NULL AS STRING)) AS f0, true AS f1 FROM events e LEFT SEMI JOIN asked a ON e.k0 = a.k0 AND e.k1 = a.k1
        WHERE NOT e.del
      ),
      spread AS (
        SELECT row, at, k0, k1, explode(sequence((at - CAST('3660000000' AS BIGINT) - pmod(at - CAST('3660000000' AS BIGINT), CAST('3660000000' AS BIGINT))) DIV CAST('3660000000' AS BIGINT), (at - CAST('6' AS BIGINT) - pmod(at - CAST('6' AS BIGINT), CAST('3660000000' AS BIGINT))) DIV CAST('3660000000' AS BIGINT))) AS slot FROM asked WHERE at - CAST('3660000000' AS BIGINT) <= at - CAST('6' AS BIGINT)
      ),
      slotted AS (SELECT *, (ev - pmod(ev, CAST('3660000000' AS BIGINT))) DIV CAST('3660000000' AS BIGINT) AS slot FROM narrow)
      SELECT row, count(CASE WHEN f0 AND ev >= at - CAST('3600000000' AS BIGINT) - pmod(at - CAST('3600000000' AS BIGINT), CAST('60000000' AS BIGINT)) THEN 1 END) AS v0,
        coalesce(max(CASE WHEN f0 AND ev >= at - CAST('3600000000' AS BIGINT) - pmod(at - CAST('3600000000' AS BIGINT), CAST('60000000' AS BIGINT)) THEN cr END) > at, false) AS leak0,
        sum(CAST(CASE WHEN f1 AND ev >= at - CAST('3600000000' AS BIGINT) - pmod(at - CAST('3600000000' AS BIGINT), CAST('60000000' AS BIGINT)) THEN i0 END AS DECIMAL(38, 0))) AS v1,
        coalesce(max(CASE WHEN f1 AND ev >= at - CAST('3600000000' AS BIGINT) - pmod(at - CAST('3600000000' AS BIGINT), CAST('60000000' AS BIGINT)) THEN cr END) > at, false) AS leak1
      FROM spread a JOIN slotted e ON a.k0 = e.k0 AND a.k1 = e.k1 AND a.slot = e.slot
        AND e.ev >= a.at - CAST('3660000000' AS BIGINT) AND e.ev + CAST('5' AS BIGINT) < a.at
      GROUP BY row, at"
    `);
  });
  it('without a lower bound run along the line of requests and rows', () => {
    expect(windowSql('running', planSparkWindows(planned({ kind: 'all' }), true), SOURCES)).toMatchInlineSnapshot(`
      "WITH asked AS (SELECT * FROM asof_requests),
      events AS (SELECT * FROM rows),
      narrow AS (
        SELECT e.k0, e.k1, e.ev, coalesce(e.cr, CAST('-9223372036854775808' AS BIGINT)) AS cr, e.seq, e.c1 AS i0, (e.c0 <=> 'it\\'s' OR e.c0 <=> CAST(NULL AS STRING)) AS f0, true AS f1 FROM events e LEFT SEMI JOIN asked a ON e.k0 = a.k0 AND e.k1 = a.k1
        WHERE NOT e.del AND e.cr IS NOT NULL
      ),
      entries AS (
        SELECT k0, k1, greatest(ev + CAST('6' AS BIGINT), cr) AS at, 0 AS kind, CAST(NULL AS BIGINT) AS row, ev, cr, seq, i0, f0, f1
        FROM narrow
        UNION ALL
        SELECT k0, k1, at, 1 AS kind, row, NULL AS ev, NULL AS cr, NULL AS seq, NULL AS i0, NULL AS f0, NULL AS f1 FROM asked
      ),
      answers AS (
        SELECT row, kind, count(CASE WHEN f0 THEN 1 END) OVER line AS v0,
        coalesce(max(CASE WHEN f0 THEN cr END) OVER line > at, false) AS leak0,
        sum(CAST(CASE WHEN f1 THEN i0 END AS DECIMAL(38, 0))) OVER line AS v1,
        coalesce(max(CASE WHEN f1 THEN cr END) OVER line > at, false) AS leak1
        FROM entries WINDOW line AS (PARTITION BY k0, k1 ORDER BY at, kind
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
      )
      SELECT row, v0, leak0, v1, leak1 FROM answers WHERE kind = 1"
    `);
  });
  it('of the last rows join over places', () => {
    const window = { kind: 'last', count: 3 } as const;
    expect(windowSql('recent', planSparkWindows(planned(window), false), SOURCES)).toMatchInlineSnapshot(`
      "WITH asked AS (SELECT * FROM asof_requests),
      events AS (SELECT * FROM rows),
      narrow AS (
        SELECT e.k0, e.k1, e.ev, coalesce(e.cr, CAST('-9223372036854775808' AS BIGINT)) AS cr, e.seq, e.c1 AS i0, (e.c0 <=> 'it\\'s' OR e.c0 <=> CAST(NULL AS STRING)) AS f0, true AS f1 FROM events e LEFT SEMI JOIN asked a ON e.k0 = a.k0 AND e.k1 = a.k1
        WHERE NOT e.del
      ),
      entries AS (
        SELECT k0, k1, ev + CAST('6' AS BIGINT) AS at, 0 AS kind, CAST(NULL AS BIGINT) AS row, ev, cr, seq, i0, f0, f1
        FROM narrow
        UNION ALL
        SELECT k0, k1, at, 1 AS kind, row, NULL AS ev, NULL AS cr, NULL AS seq, NULL AS i0, NULL AS f0, NULL AS f1 FROM asked
      ),
      counted AS (SELECT *, count(CASE WHEN f0 THEN 1 END) OVER (PARTITION BY k0, k1
            ORDER BY at, kind, cr, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n0, count(CASE WHEN f1 THEN 1 END) OVER (PARTITION BY k0, k1
            ORDER BY at, kind, cr, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n1 FROM entries),
      places AS (SELECT *, posexplode(array(CASE WHEN f0 THEN n0 END, CASE WHEN f1 THEN n1 END)) AS (g, n) FROM counted WHERE kind = 0),
      asking AS (SELECT row, at, k0, k1, posexplode(array(n0, n1)) AS (g, newest) FROM counted WHERE kind = 1),
      wanted AS (
        SELECT *, explode(sequence(greatest(newest - element_at(array(3, 3), g + 1) + 1, 1), newest)) AS n
        FROM asking WHERE newest > 0
      ),
      pairs AS (
        SELECT w.row, w.at, w.g, w.newest - w.n + 1 AS rank, p.ev, p.cr, p.seq, p.i0
        FROM wanted w JOIN places p ON w.k0 = p.k0 AND w.k1 = p.k1 AND w.g = p.g AND w.n = p.n
      )
      SELECT row, count(CASE WHEN g = 0 AND rank <= 3 THEN 1 END) AS v0,
        coalesce(max(CASE WHEN g = 0 AND rank <= 3 THEN cr END) > at, false) AS leak0,
        sum(CAST(CASE WHEN g = 1 AND rank <= 3 THEN i0 END AS DECIMAL(38, 0))) AS v1,
        coalesce(max(CASE WHEN g = 1 AND rank <= 3 THEN cr END) > at, false) AS leak1 FROM pairs GROUP BY row, at"
    `);
  });
  it('join every earlier row where rows stop to count', () => {
    const plan = planSparkWindows(planned({ kind: 'last', count: 3 }, { eventId: 'label' }), true);
    expect(windowSql('joined', plan, SOURCES)).toMatchInlineSnapshot(`
      "WITH asked AS (SELECT * FROM asof_requests),
      events AS (SELECT * FROM rows),
      counting AS (
        SELECT * FROM (
          SELECT *, min(entry) OVER (PARTITION BY c0, CASE WHEN c0 IS NULL THEN seq END ORDER BY ev DESC, cr DESC NULLS LAST, seq DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until
          FROM (SELECT *, greatest(ev + CAST('6' AS BIGINT), cr) AS entry FROM events WHERE cr IS NOT NULL)
        ) WHERE until IS NULL OR until > entry
      ),
      narrow AS (
        SELECT e.k0, e.k1, e.ev, coalesce(e.cr, CAST('-9223372036854775808' AS BIGINT)) AS cr, e.seq, e.until, e.c1 AS i0, (e.c0 <=> 'it\\'s' OR e.c0 <=> CAST(NULL AS STRING)) AS f0, true AS f1 FROM counting e LEFT SEMI JOIN asked a ON e.k0 = a.k0 AND e.k1 = a.k1
        WHERE NOT e.del AND e.cr IS NOT NULL
      ),
      pairs AS (
        SELECT a.row, a.at, e.* FROM asked a JOIN narrow e ON a.k0 = e.k0 AND a.k1 = e.k1 AND e.ev + CAST('5' AS BIGINT) < a.at AND e.cr <= a.at AND (e.until IS NULL OR a.at < e.until)
      ),
      ranked AS (SELECT *, count(CASE WHEN f0 THEN 1 END) OVER (PARTITION BY row
            ORDER BY ev DESC, cr DESC, seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n0, count(CASE WHEN f1 THEN 1 END) OVER (PARTITION BY row
            ORDER BY ev DESC, cr DESC, seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n1 FROM pairs)
      SELECT row, count(CASE WHEN f0 AND n0 <= 3 THEN 1 END) AS v0,
        coalesce(max(CASE WHEN f0 AND n0 <= 3 THEN cr END) > at, false) AS leak0,
        sum(CAST(CASE WHEN f1 AND n1 <= 3 THEN i0 END AS DECIMAL(38, 0))) AS v1,
        coalesce(max(CASE WHEN f1 AND n1 <= 3 THEN cr END) > at, false) AS leak1 FROM ranked GROUP BY row, at"
    `);
  });

  it.each([
    ['ranged', HOUR, {}, false],
    ['running', { kind: 'all' }, {}, true],
    ['joined', { kind: 'all' }, { eventId: 'label' }, false],
    ['recent', { kind: 'last', count: 2 }, {}, false],
    ['joined', { kind: 'last', count: 2 }, {}, true],
  ] as const)('are %s for %j with %j, as known: %s', (method, window, options, asKnown) => {
    const { features } = planSparkWindows(planned(window, options), asKnown);
    expect(features.map((feature) => feature.method)).toEqual([method, method]);
  });

  it('hash doubles by their distinct values', () => {
    const where: never[] = [];
    const features = [
      aggregateFeature('prices', { function: 'approxCountDistinct', column: 'price', window: HOUR, where }),
    ];
    const plan = planSparkWindows(planView({ ...OPTIONS, features }), false);
    expect(floatValuesSql(hashedFloats(plan), SOURCES, plan.keys)).toMatchInlineSnapshot(`
      "WITH asked AS (SELECT * FROM asof_requests),
      events AS (SELECT * FROM rows),
      narrow AS (SELECT e.c0 FROM events e LEFT SEMI JOIN asked a ON e.k0 = a.k0 AND e.k1 = a.k1)
      SELECT DISTINCT value FROM (SELECT explode(array(c0)) AS value FROM narrow) WHERE value IS NOT NULL"
    `);
    expect(windowSql('ranged', plan, SOURCES)).toContain('LEFT JOIN asof_float_hashes h0 ON h0.value = e.c0');
  });
});
