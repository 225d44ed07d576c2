/** Messages that are read without the engine become the rows that the engine makes of them, and no other ones are read so. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FeatureViewManifest, KafkaSourceManifest, WindowManifest } from '../../../contracts/manifest.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { createKeyEncoder } from '../../../online/entity-key.ts';
import { createStateMerger } from '../../../online/state-merger.ts';
import { withRequiredColumns } from '../../../quality/required-columns.ts';
import type { TopicMessage } from '../../../sources/topic-reader.ts';
import { createEventReader, type EventRows, type StreamedView } from '../../../streaming/event-rows.ts';
import { expectationOf, topicSourceOf } from '../../integration/ingestion/fixtures.ts';
import { manifestOf, viewOf } from '../../integration/ingestion/world.ts';
import { aggregateFeature } from '../../world/world.ts';

let directory: string;
let engine: Engine;
beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'asof-plain-messages-')));
  const tempDirectory = join(directory, 'spill');
  engine = await openEngine({ memoryLimit: '512MB', threads: 2, tempDirectory, allowedDirectories: [] });
});
afterAll(async () => {
  await engine?.close();
  await rm(directory, { recursive: true });
});

const ALL: WindowManifest = { kind: 'all' };
const STAMP_MILLIS = Date.UTC(2024, 0, 2);

function streamedOver(options: Partial<KafkaSourceManifest>): StreamedView {
  const base = topicSourceOf('events');
  const columns = [
    ...base.columns,
    { name: 'ms', type: 'timestamp[ms]', from: 'ms' },
    { name: 'x', type: 'float64', from: 'exact "x"' },
    { name: 'flag', type: 'boolean', from: 'flag' },
    { name: 'made', type: 'timestamp', from: 'made' },
    { name: 'tags', type: 'string[]', from: 'tags' },
  ] as const;
  const source: KafkaSourceManifest = { ...base, columns, created: 'made', ...options };
  const columnsOf = ['n', 'ms', 'x', 'flag', 'key', 'tags'];
  const features = columnsOf.map((column) => ({
    ...aggregateFeature(`last_${column}`, { function: 'last', column: 'amount', window: ALL, where: [] }),
    column,
  }));
  const view: FeatureViewManifest = {
    ...viewOf('events', 'print'),
    keys: [{ name: 'key', column: 'key', type: 'string' }],
    mode: 'aggregate',
    online: true,
    asKnown: true,
    features,
  };
  return {
    view,
    seen: source,
    source: withRequiredColumns(manifestOf('p', source, [view]), source),
    merger: createStateMerger(view, source),
    keys: createKeyEncoder(['string']),
  };
}

/** The same with a rule that every row keeps, and that takes the engine. */
function byEngine(streamed: StreamedView): StreamedView {
  const rule = expectationOf(
    'expect_column_values_to_not_be_null',
    { column: 'ts', mostly: 0 },
    { severity: 'warning' },
  );
  const { source } = streamed;
  return { ...streamed, source: { ...source, expectations: [...source.expectations, rule] } };
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'Zürich', '\u{1F600}', 'a\u0000b', '\\'),
);
const instantText = fc.constantFrom(
  ...['2024-01-01T10:00:00Z', '2024-01-01 10:00:00', '2024-01-01T10:00:00.5Z', '2024-01-01T23:59:59.123456Z'],
  ...['2024-02-29T00:00:00Z', '2023-02-29T00:00:00Z', '2024-01-31T00:00:00', '2024-04-31T00:00:00Z', '2024-01-01'],
  ...['2024-01-01T10:00:00.1234567Z', '2024-01-01T10:00:00+02:00', '2024-01-01T24:00:00Z', '2024-01-01T10:60:00Z'],
  ...[
    '0099-01-01T00:00:00Z',
    '9999-01-01T00:00:00Z',
    '2024-01-03T00:00:00Z',
    'never',
    '',
    '1969-12-31T23:59:59.999999Z',
  ],
  ...['2024-01-01T10:00:00.Z', '2024-01-01t10:00:00Z', '2024-1-01T10:00:00Z', ' 2024-01-01T10:00:00Z'],
);
/** As they stand in the text of a message. */
const numberText = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    ...['0', '-0', '-0.0', '1.0', '1.50', '01', '+1', '1e3', '1E400', '.5', '5.', '-', '0.1', '999999999999999999'],
    ...['123456789012345', '-1234567890123456', '9007199254740993', '0.30000000000000004', '1.7976931348623157e308'],
  ),
);
const other = fc.constantFrom('null', 'true', 'false', '[]', '{}', '["a",null]', '{"a":1}', 'nul', 'True', 'NaN', '');
const json = (value: string): string => JSON.stringify(value);
const anyText = fc.oneof(text.map(json), instantText.map(json), numberText, other);

/** Mostly of its column's type. */
function valueOf(usual: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    { arbitrary: usual, weight: 40 },
    { arbitrary: fc.constantFrom('null', undefined), weight: 1 },
    { arbitrary: anyText, weight: 1 },
  );
}

const INSTANT = fc.oneof(
  {
    arbitrary: fc.integer({ min: 0, max: 86_400_000 }).map((n) => new Date(STAMP_MILLIS - n).toISOString()),
    weight: 6,
  },
  { arbitrary: instantText, weight: 1 },
);
const space = fc.constantFrom('', '', '', ' ', '\n\t');
const object = fc
  .record({
    members: fc.record({
      ts: valueOf(INSTANT.map(json)),
      key: valueOf(text.map(json)),
      n: valueOf(fc.integer().map(String)),
      ms: valueOf(fc.oneof(fc.integer({ min: -1, max: 2 ** 31 }).map(String), numberText)),
      'exact \\"x\\"': valueOf(fc.oneof(fc.constantFrom('1.5', '-2', '0.1', '12345.678'), numberText)),
      flag: valueOf(fc.constantFrom('true', 'false')),
      made: valueOf(INSTANT.map(json)),
      tags: fc.constantFrom(undefined, undefined, 'null', '["a"]'),
      more: fc.constantFrom(undefined, undefined, '1', '"x"', '{"deep":[1]}'),
    }),
    strange: fc.constantFrom(...Array.from({ length: 30 }, () => ''), 'KEY', 'n', '__seq', 'More', 'moré'),
    space,
    end: fc.constantFrom(...Array.from({ length: 60 }, () => ''), ',', '}', ' ', 'x'),
  })
  .map(({ members, strange, space: gap, end }) => {
    const parts = Object.entries(members).flatMap(([name, value]) =>
      value === undefined ? [] : [`"${name}"${gap}:${gap}${value}`],
    );
    if (strange !== '') parts.splice(1, 0, `"${strange}":2`);
    return `${gap}{${gap}${parts.join(`${gap},`)}${gap}}${end}`;
  });
const value: fc.Arbitrary<Buffer | null> = fc.oneof(
  { arbitrary: object.map((whole) => Buffer.from(whole)), weight: 20 },
  { arbitrary: object.map((whole) => Buffer.from(whole, 'latin1')), weight: 1 },
  { arbitrary: anyText.map((whole) => Buffer.from(whole)), weight: 1 },
  { arbitrary: fc.constant(null), weight: 1 },
);
const messages = fc.array(value, { maxLength: 30 }).map((values) =>
  values.map((one, index): TopicMessage => ({
    offset: BigInt(100 + 2 * index),
    stampMillis: index % 3 === 0 ? null : STAMP_MILLIS,
    value: one,
  })),
);

async function read(streamed: StreamedView, all: readonly TopicMessage[]) {
  let sessions = 0;
  const counted: Pick<Engine, 'session'> = {
    session: (work, signal) => {
      sessions += 1;
      return engine.session(work, signal);
    },
  };
  const range = { topic: 'events', partition: 0, from: 100n, to: 200n, sequenceStart: 5000n };
  const made = await createEventReader(counted, streamed)(range, all);
  return { made: comparable(made), sessions };
}

function comparable({ rows, ...rest }: EventRows) {
  return { ...rest, rows: rows.map((row) => ({ ...row, key: Buffer.from(row.key).toString('hex') })) };
}

const SOURCES: readonly Partial<KafkaSourceManifest>[] = [
  {},
  { eventId: 'key', contract: { columns: 'discard', types: 'discard' } },
  { created: null, timezone: 'Europe/Berlin', contract: { columns: 'quarantine', types: 'quarantine' } },
];

test.each(SOURCES.map((options, index) => ({ options, index })))(
  'whatever the messages are, their rows are those of the engine: source $index',
  async ({ options }) => {
    const streamed = streamedOver(options);
    await fc.assert(
      fc.asyncProperty(messages, async (all) => {
        expect((await read(streamed, all)).made).toEqual((await read(byEngine(streamed), all)).made);
      }),
      { numRuns: 40 },
    );
  },
  300_000,
);

test('a name in a message that is no JSON does not keep its twin out of a later one', async () => {
  const lines = [
    '{"ts":"2024-01-01T10:00:00Z","key":"a","More":1} x',
    '{"ts":"2024-01-01T10:00:00Z","key":"a","more":1}',
  ];
  const all = lines.map((line, index) => ({
    offset: 100n + BigInt(index),
    stampMillis: null,
    value: Buffer.from(line),
  }));
  const streamed = streamedOver({ created: null });
  expect((await read(streamed, all)).made).toEqual((await read(byEngine(streamed), all)).made);
  expect((await read(streamed, all)).made).toMatchObject({ rejected: 1, rows: [{}] });
});

test('messages of the usual form take no session of the engine', async () => {
  const plain = [
    '{"ts":"2024-01-01T10:00:00.123Z","key":"a","n":-7,"made":"2024-01-01 10:00:01","exact \\"x\\"":1}',
    '{ "key" : "Zürich", "ts" : "2024-01-01 10:00:00", "n":123456789012345678,"flag":true,"made":"2024-01-31T00:00:00Z" }',
    '{"ts":"2023-12-31T23:59:59Z","made":"2024-01-01T10:00:00.5Z","key":"b","n":null,"more":"x","ms":1704103200000}\n',
  ];
  const all = plain.map((line, index) => ({
    offset: 100n + BigInt(index),
    stampMillis: null,
    value: Buffer.from(line),
  }));
  const streamed = streamedOver({});
  // a name with a quote has an escape, and is the engine's
  const [, ...rest] = all;
  expect(await read(streamed, rest)).toMatchObject({ sessions: 0, made: { rejected: 0, rows: [{}, {}] } });
  expect(await read(streamed, all)).toMatchObject({ sessions: 1, made: { rejected: 0, rows: [{}, {}, {}] } });
  expect((await read(streamed, all)).made).toEqual((await read(byEngine(streamed), all)).made);
});
