/** Events that later rows change, move, withdraw and bring back: each case by hand, and a hot key against SQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { categorical, count, entity, featureView, fileSource, lastN, max, sum } from '../../../definitions/language.ts';
import { columnType } from '../../../offline/event-relation.ts';
import {
  ingest,
  openFixture,
  readParquet,
  retrieve,
  retrieveLines,
  storedSource,
  writeParquet,
  writeText,
  type OfflineFixture,
} from './offline-fixture.ts';

const account = entity('account', { keys: { account: 'string' } });
const payments = fileSource('payments', {
  path: 'payments.parquet',
  timestamp: 'ts',
  created: 'seen',
  eventId: 'id',
  operation: 'op',
  schema: {
    ts: 'timestamp',
    seen: 'timestamp',
    id: 'string',
    account: 'string',
    kind: 'string',
    size: 'int64',
    op: 'string',
  },
});
const windows = featureView('windows', {
  entities: [account],
  source: payments,
  features: {
    n: count({ window: '1h', resolution: 'exact' }),
    total: sum('size', { window: 'all' }),
    most: max('size', { window: 'all' }),
    cards: count({ window: 'all', where: { kind: 'card' } }),
    recent: lastN('size', 2),
  },
});
const newest = featureView('newest', { entities: [account], source: payments, features: { kind: categorical() } });
const hot = featureView('hot', {
  entities: [account],
  source: payments,
  features: {
    n: count({ window: '30m', resolution: 'exact' }),
    total: sum('size', { window: '1h', resolution: 'exact' }),
    most: max('size', { window: '1h', resolution: 'exact' }),
    two: sum('size', { last: 20 }),
  },
});

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openFixture({ account, payments, windows, newest, hot });
});
afterAll(() => fixture.close());

let sequence = 0;
let cases = 0;

/** The lines of `windows` at 12:30 (and 12:10 first) for the accounts of a case with these rows. */
async function answers(
  rows: readonly string[],
  accounts: readonly string[],
  asked: { readonly features?: string; readonly asKnown?: boolean; readonly times?: readonly string[] } = {},
): Promise<readonly string[]> {
  if (rows.length > 0) await ingest(fixture, 'payments', rows, sequence);
  sequence += rows.length;
  const times = asked.times ?? ['12:30'];
  const lines = accounts.flatMap((name) => times.map((time) => `${name},2024-01-01T${time}:00Z`));
  const name = `case-${cases++}`;
  const spine = writeText(fixture, `${name}.csv`, ['account,event_timestamp', ...lines].join('\n'));
  const found = await retrieveLines(fixture, {
    spine,
    request: { features: [asked.features ?? 'windows'] },
    output: `${name}.out.csv`,
    options: { asKnown: asked.asKnown ?? false },
  });
  return found.slice(1).map((line) => line.split(',').slice(2).join(','));
}

/** `time, seen, id, account, kind, size, op` on one day. */
function row(
  time: string,
  seen: string,
  id: string,
  name: string | null,
  kind: string,
  size: number,
  op: string,
): string {
  const key = name === null ? 'NULL' : `'${name}'`;
  return `'2024-01-01 ${time}:00', '2024-01-01 ${seen}:00', '${id}', ${key}, '${kind}', ${size}, '${op}'`;
}

describe('a correction', () => {
  it('replaces what it corrects in every window, and in filters', async () => {
    const rows = [
      row('12:00', '12:00', 'r1', 'r', 'card', 10, 'c'),
      row('12:05', '12:05', 'r2', 'r', 'card', 20, 'c'),
      row('12:05', '12:20', 'r2', 'r', 'cash', 5, 'u'),
    ];
    expect(await answers(rows, ['r'])).toEqual(['2,15,10,1,"[5,10]"']);
    expect(await answers([], ['r'], { asKnown: true, times: ['12:10', '12:20', '12:30'] })).toEqual([
      '2,30,20,2,"[20,10]"',
      '2,15,10,1,"[5,10]"',
      '2,15,10,1,"[5,10]"',
    ]);
  });

  it('moves an event to a later time from that time on; a row at an earlier time is not greater', async () => {
    const later = [
      row('12:00', '12:00', 'l1', 'l', 'card', 10, 'c'),
      row('12:15', '12:01', 'l1', 'l', 'card', 11, 'u'),
    ];
    expect(await answers(later, ['l'], { times: ['12:10', '12:30'] })).toEqual(['1,10,10,1,[10]', '1,11,11,1,[11]']);
    const earlier = [
      row('12:00', '12:00', 'e1', 'e', 'card', 10, 'c'),
      row('11:00', '12:01', 'e1', 'e', 'card', 11, 'u'),
    ];
    expect(await answers(earlier, ['e'])).toEqual(['1,10,10,1,[10]']);
  });

  it('moves an event to another account, or to none', async () => {
    const rows = [
      row('12:00', '12:00', 'm1', 'from', 'card', 1, 'c'),
      row('12:00', '12:00', 'm2', 'from', 'card', 2, 'c'),
      row('12:00', '12:00', 'm3', 'from', 'card', 4, 'c'),
      row('12:00', '12:20', 'm2', 'to', 'card', 2, 'u'),
      row('12:00', '12:20', 'm3', null, 'card', 4, 'u'),
    ];
    expect(await answers(rows, ['from', 'to'])).toEqual(['1,1,1,1,[1]', '1,2,2,1,[2]']);
    expect(await answers([], ['from', 'to'], { asKnown: true, times: ['12:10'] })).toEqual([
      '3,7,4,3,"[4,2]"',
      '0,,,0,',
    ]);
  });
});

describe('a delete', () => {
  it('takes its event away until the event is inserted again', async () => {
    const rows = [
      row('12:00', '12:00', 'd1', 'd', 'card', 1, 'insert'),
      row('12:01', '12:01', 'd2', 'd', 'card', 2, 'insert'),
      row('12:01', '12:05', 'd2', 'd', 'card', 2, 'delete'),
    ];
    expect(await answers(rows, ['d'])).toEqual(['1,1,1,1,[1]']);
    const again = [row('12:01', '12:20', 'd2', 'd', 'card', 3, 'insert')];
    expect(await answers(again, ['d'])).toEqual(['2,4,3,2,"[3,1]"']);
    expect(await answers([], ['d'], { asKnown: true, times: ['12:03', '12:10', '12:20'] })).toEqual([
      '2,3,2,2,"[2,1]"',
      '1,1,1,1,[1]',
      '2,4,3,2,"[3,1]"',
    ]);
  });

  it.each(['d', 'D', 'delete', 'DELETE', ' Delete '])('is written %j', async (op) => {
    const name = `written-${op}`;
    const rows = [row('12:00', '12:00', name, name, 'card', 1, 'r'), row('12:00', '12:01', name, name, 'card', 1, op)];
    expect(await answers(rows, [name])).toEqual(['0,,,0,']);
  });

  it.each(['c', 'U', 'r', 'INSERT', 'Update', 'upsert'])('is not what is written %j', async (op) => {
    const name = `kept-${op}`;
    expect(await answers([row('12:00', '12:00', name, name, 'card', 1, op)], [name])).toEqual(['1,1,1,1,[1]']);
  });
});

describe('an as-of view over events with ids', () => {
  it('has the newest version of its key’s newest row, as known the one known then', async () => {
    const rows = [
      row('12:00', '12:00', 'a1', 'a', 'card', 1, 'c'),
      row('12:00', '12:20', 'a1', 'a', 'cash', 1, 'u'),
      row('11:00', '12:25', 'a0', 'a', 'old', 1, 'u'),
    ];
    const times = ['12:10', '12:30'];
    expect(await answers(rows, ['a'], { features: 'newest', times })).toEqual(['cash', 'cash']);
    expect(await answers([], ['a'], { features: 'newest', times, asKnown: true })).toEqual(['card', 'cash']);
  });

  it('has nothing after a delete, not the row before, and a row again after an insert', async () => {
    const rows = [
      row('12:00', '12:00', 'b0', 'b', 'before', 1, 'c'),
      row('12:05', '12:05', 'b1', 'b', 'card', 1, 'c'),
      row('12:05', '12:10', 'b1', 'b', 'card', 1, 'd'),
    ];
    expect(await answers(rows, ['b'], { features: 'newest' })).toEqual(['']);
    const again = [row('12:05', '12:20', 'b1', 'b', 'again', 1, 'c')];
    expect(await answers(again, ['b'], { features: 'newest' })).toEqual(['again']);
  });

  it('keeps a row as the newest of its key though its event has moved to another', async () => {
    const rows = [
      row('12:00', '12:00', 'k1', 'k', 'card', 1, 'c'),
      row('12:01', '12:01', 'k1', 'other', 'cash', 1, 'u'),
    ];
    expect(await answers(rows, ['k', 'other'], { features: 'newest' })).toEqual(['card', 'cash']);
  });
});

it.each([false, true])(
  'a hot key with thousands of corrections equals a join in SQL (as known: %s)',
  async (asKnown) => {
    const name = `hot-${asKnown}`;
    const source = storedSource(fixture, 'payments');
    expect(columnType(source, 'size')).toBe('int64');
    const instant = (micros: string): string => `make_timestamp((1704067200000000 + ${micros})::BIGINT)`;
    const rows = `SELECT ${instant('hash(i % 3000, 1) % 14400000000 + (i // 3000) % 2 * 1000000')} AS ts,
  ${instant('hash(i % 3000, 1) % 14400000000 + hash(i, 2) % 7200000000')} AS seen, '${name}' || (i % 3000) AS id,
  '${name}' AS account, 'card' AS kind, (hash(i, 3) % 100)::BIGINT AS size, CASE WHEN i > 3000 AND hash(i, 4) % 4 = 0 THEN 'd' ELSE 'u' END AS op
FROM range(6000) t(i)`;
    const file = await writeParquet(fixture, `${name}.parquet`, rows);
    const values = await readParquet(fixture, file);
    const literals = values.map(
      ({ ts, seen, id, account: owner, kind, size, op }) =>
        `make_timestamp(${String(ts)}), make_timestamp(${String(seen)}), '${String(id)}', '${String(owner)}', '${String(kind)}', ${String(size)}, '${String(op)}'`,
    );
    await ingest(fixture, 'payments', literals, sequence);
    sequence += literals.length;
    const spine = await writeParquet(
      fixture,
      `${name}-spine.parquet`,
      `SELECT '${name}' AS account, ${instant('hash(i, 9) % 16000000000')} AS event_timestamp FROM range(400) t(i)`,
    );
    const { path } = await retrieve(fixture, {
      spine,
      request: { features: ['hot'] },
      output: `${name}.out.parquet`,
      options: { asKnown },
    });
    const expected = await fixture.engine.session((session) =>
      session.rows(`WITH spine AS (SELECT *, row_number() OVER () AS place FROM read_parquet('${spine}')),
rows AS (SELECT *, row_number() OVER () AS seq FROM read_parquet('${file}')),
entered AS (SELECT s.place, s.event_timestamp AS q, r.*, row_number() OVER (PARTITION BY s.place, r.id ORDER BY r.ts DESC, r.seen DESC, r.seq DESC) AS newest
  FROM spine s JOIN rows r ON r.ts < s.event_timestamp AND (NOT ${asKnown} OR r.seen <= s.event_timestamp)),
events AS (SELECT *, row_number() OVER (PARTITION BY place ORDER BY ts DESC, seen DESC, seq DESC) AS age FROM entered WHERE newest = 1 AND op <> 'd')
SELECT s.account, s.event_timestamp, count(*) FILTER (e.ts >= q - INTERVAL 30 MINUTE) AS hot__n,
  (sum(size) FILTER (e.ts >= q - INTERVAL 1 HOUR))::BIGINT AS hot__total, max(size) FILTER (e.ts >= q - INTERVAL 1 HOUR) AS hot__most,
  (sum(size) FILTER (age <= 20))::BIGINT AS hot__two
FROM spine s LEFT JOIN events e USING (place) GROUP BY s.place, s.account, s.event_timestamp ORDER BY s.place`),
    );
    expect(await readParquet(fixture, path)).toEqual(expected);
  },
);
