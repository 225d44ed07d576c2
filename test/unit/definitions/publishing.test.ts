/** Services whose vectors are published: what they mean, and what a stream could not compute by itself. */
import { describe, expect, it } from 'vitest';
import {
  count,
  derivedView,
  featureService,
  featureView,
  kafkaSource,
  numeric,
  standardize,
  sum,
} from '../../../index.ts';
import { airport, expectOneProblem, flights, manifestOf, request } from './project.ts';

const clicks = kafkaSource('clicks', {
  topic: 'raw_events',
  timestamp: 'at',
  schema: { at: 'timestamp', origin: 'string', delay: 'int64' },
});
const base = { entities: [airport] as const, source: clicks, online: true };
const activity = featureView('activity', { ...base, features: { seen: count({ window: '1h' }) } });
const others = featureView('others', { ...base, features: { total: sum('delay', { last: 3 }) } });
const newest = featureView('newest', { ...base, features: { delay: numeric() } });
const offline = featureView('offline', { ...base, online: false, features: { seen: count({ window: '1h' }) } });
const fitted = featureView('fitted', {
  ...base,
  features: { total: sum('delay', { window: '1h', transform: standardize() }) },
});
const files = featureView('files', {
  entities: [airport],
  source: flights,
  online: true,
  features: { seen: count({ window: '1h' }) },
});
const derived = (features: object, inputs: readonly unknown[]): unknown =>
  derivedView('derived', { inputs: inputs as never, features: features as never, compute: () => ({}) as never });
const service = (features: readonly unknown[], publish: object = { topic: 'computed_features' }): unknown =>
  featureService('service', { features: features as never, publish: publish as never });

describe('publish', () => {
  it('is a topic of the service, and part of no version', () => {
    const [published] = manifestOf({ service: service([activity]) }).services;
    const [silent] = manifestOf({ service: featureService('service', { features: [activity] }) }).services;
    expect(published!.publish).toEqual({ topic: 'computed_features' });
    expect(silent).not.toHaveProperty('publish');
    expect(published!.fingerprint).toBe(silent!.fingerprint);
  });

  it.each([
    ['no topic', service([activity], {}), /publish, topic: .* is not the name of a topic/],
    ['a wrong topic', service([activity], { topic: 'a b' }), /publish, topic: "a b" is not the name of a topic/],
    ['the topic that is read', service([activity], { topic: 'raw_events' }), /topic raw_events is the one that view/],
    ['two views', service([activity, others]), /the service reads views activity, others/],
    ['a view of files', service([files]), /cannot be streamed; it reads source flights, which is no topic/],
    ['a view that is not online', service([offline]), /cannot be streamed; it is not online/],
    ['columns', service([newest]), /has columns of the newest row/],
    ['a fitted transform', service([fitted]), /feature total has a transform that is fitted later/],
    ['values of a request', service([derived({ x: numeric() }, [activity, request])]), /needs values of a request/],
    ['two equal names', service([activity, derived({ seen: numeric() }, [activity])]), /two features are called seen/],
  ])('refuses %s', (_title, definition, problem) => {
    expectOneProblem(definition, problem);
  });
});
