/** Sources of topics: what they mean, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { KafkaSourceManifest } from '../../../contracts/manifest.ts';
import { notAvailableYet } from '../../../definitions/availability.ts';
import { featureView, kafkaSource, numeric } from '../../../index.ts';
import { withRequiredColumns } from '../../../quality/required-columns.ts';
import { airport, expectOneProblem, manifestOf, viewWith } from './project.ts';

const schema = { at: 'timestamp', seen: 'timestamp', id: 'string', origin: 'string', delay: 'int64' } as const;
const clicksWith = (options: object): unknown =>
  kafkaSource('clicks', { topic: 'raw_events', timestamp: 'at', schema, ...options });
const sourceOf = (options: object): KafkaSourceManifest =>
  manifestOf({ clicks: clicksWith(options) }).sources[0] as KafkaSourceManifest;

describe('kafkaSource', () => {
  it('is a stored source whose bad messages are set aside', () => {
    const source = sourceOf({
      created: 'seen',
      eventId: 'id',
      operation: 'id',
      timezone: 'Europe/Berlin',
      allowedLateness: '10m',
      rename: { origin: 'ORIGIN' },
      schedule: { every: '1m' },
    });
    expect(source).toMatchObject({
      kind: 'kafka',
      topic: 'raw_events',
      timestamp: 'at',
      created: 'seen',
      eventId: 'id',
      operation: 'id',
      timezone: 'Europe/Berlin',
      allowedLatenessMicros: 600_000_000,
      contract: { columns: 'evolve', types: 'quarantine' },
      schedule: { windowMicros: null },
    });
    expect(source.columns.find(({ name }) => name === 'origin')).toEqual({
      name: 'origin',
      type: 'string',
      from: 'ORIGIN',
    });
  });

  it('is the same source in another topic, and another one under another contract', () => {
    expect(sourceOf({ topic: 'others' }).fingerprint).toBe(sourceOf({}).fingerprint);
    expect(sourceOf({ contract: { types: 'freeze' } }).fingerprint).not.toBe(sourceOf({}).fingerprint);
  });

  it.each([{}, { types: 'freeze' }, { columns: 'quarantine' }, { columns: 'freeze' }])(
    'may have the contract %o',
    (contract) => {
      expect(notAvailableYet(manifestOf({ clicks: clicksWith({ contract }) }))).toEqual([]);
    },
  );

  it.each([
    [{ contract: { types: 'discard' } }, "contract types: 'discard'"],
    [{ contract: { columns: 'discard' } }, "contract columns: 'discard'"],
    [{ primaryKey: ['id'] }, 'primaryKey of a kafka source'],
  ])('refuses what is not carried out yet: %o', (options, what) => {
    expect(notAvailableYet(manifestOf({ clicks: clicksWith(options) }))).toEqual([{ place: 'source clicks', what }]);
  });

  it.each([
    [{ topic: undefined }, /^source clicks, topic: the option "topic" is missing; name the topic/],
    [{ topic: 'raw events' }, /^source clicks, topic: "raw events" is not a name of a topic; letters, digits/],
    [{ topic: '..' }, /^source clicks, topic: ".." is not a name of a topic/],
    [
      { schedule: { every: '1h', window: '2h' } },
      /^source clicks, schedule, window: a topic is read from where the last run ended.*; leave it out/,
    ],
    [{ path: 'a.csv' }, /^source clicks: unknown option "path"/],
    [{ contract: 'freeze' }, /write \{ columns: 'evolve', types: 'quarantine' \}/],
  ])('reports %o', (options, problem) => {
    expectOneProblem(clicksWith(options), problem);
  });
});

describe('withRequiredColumns', () => {
  const required = (source: KafkaSourceManifest, views: Parameters<typeof withRequiredColumns>[0]['views'] = []) =>
    withRequiredColumns({ views }, source).expectations.map(({ arguments: { column }, onFailure }) => [
      column,
      onFailure,
    ]);

  it('asks for the event time, the event id and the keys of views of the source alone', () => {
    const clicks = clicksWith({ eventId: 'id' }) as never;
    const view = featureView('latest', {
      entities: [airport],
      source: clicks,
      features: { delay: numeric() } as never,
    });
    const manifest = manifestOf({ clicks, view, other: viewWith({ delay: numeric() }) });
    const source = manifest.sources.find(({ kind }) => kind === 'kafka') as KafkaSourceManifest;
    expect(required(source, manifest.views)).toEqual([
      ['at', 'quarantine'],
      ['id', 'quarantine'],
      ['origin', 'quarantine'],
    ]);
    expect(required(sourceOf({}))).toEqual([['at', 'quarantine']]);
  });

  it('leaves sources of files as they are', () => {
    const file = { ...sourceOf({}), kind: 'file', path: '/a.csv', format: 'csv' } as const;
    expect(withRequiredColumns({ views: [] }, file)).toBe(file);
  });
});
