/**
 * The real-time example with a real broker and Redis: each event is followed by one message with the values right after it, as
 * a walk over all events of the user so far has them.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import * as example from '../../../examples/realtime/features.ts';
import { AsofError } from '../../../contracts/errors.ts';
import type { TopicFollower } from '../../../streaming/topic-follower.ts';
import { startKafka, type KafkaBroker } from '../../support/kafka.ts';
import { consume, openStreamFixture, type StreamFixture } from './stream-fixture.ts';

const PATIENCE_MILLIS = 300_000;
const PARTITIONS = 2;
const USERS = ['ann', 'bob', 'cy d', 'déa', ''];
const MINUTE_MILLIS = 60_000;

let broker: KafkaBroker;
let fixture: StreamFixture;
/** Topics of one test in place of those of the example. */
let raw_events: string;
let computed_features: string;

beforeAll(async () => {
  broker = await startKafka();
}, PATIENCE_MILLIS);
afterAll(() => broker?.close());
beforeEach(async () => {
  raw_events = await broker.createTopic(PARTITIONS);
  computed_features = await broker.createTopic(PARTITIONS);
  fixture = await openStreamFixture(broker.brokers, { ...example }, { raw_events, computed_features });
}, PATIENCE_MILLIS);
afterEach(() => fixture?.close());

interface RawEvent {
  readonly timestamp: string;
  readonly event_id: string;
  readonly user_id: string;
  readonly event_type: string;
  readonly value: number | null;
}

/** Around midnight before a Saturday; late by minutes, at equal times, null values, and some sent again. */
function makeEvents(count: number, seed = 7): readonly RawEvent[] {
  let state = seed;
  const roll = (sides: number): number =>
    ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % (sides * 64)) >> 6;
  const events: RawEvent[] = [];
  for (let n = 0; n < count; n += 1) {
    const again = n > 0 && roll(10) === 0 ? events[n - 1 - roll(Math.min(n, 5))] : undefined;
    const millis = Date.UTC(2024, 0, 5, 23, 50) + n * 5_000 - roll(2) * roll(4 * MINUTE_MILLIS);
    events.push(
      again ?? {
        timestamp: new Date(millis - (millis % 20_000)).toISOString(),
        event_id: `e${n}`,
        user_id: USERS[roll(USERS.length)]!,
        event_type: ['purchase', 'view'][roll(2)]!,
        value: roll(8) === 0 ? null : roll(100) - 20,
      },
    );
  }
  return events;
}

const partitionOf = ({ user_id }: RawEvent): number => USERS.indexOf(user_id) % PARTITIONS;

async function send(events: readonly RawEvent[]): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await broker.send(
      raw_events,
      events.filter((event) => partitionOf(event) === partition).map((event) => ({ ...event })),
      partition,
    );
  }
}

/** Brute force: of all events of the user that have come so far, each id once. */
function expectedMessages(events: readonly RawEvent[], user: string): readonly unknown[] {
  let came: readonly RawEvent[] = [];
  return events
    .filter(({ user_id }) => user_id === user)
    .map((event) => {
      // one that is sent again is the greater row of its event: at one time it comes after the others
      came = [...came.filter(({ event_id }) => event_id !== event.event_id), event];
      const sorted = came.toSorted((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
      const newest = Date.parse(sorted.at(-1)!.timestamp);
      const recent = sorted.filter(({ timestamp }) => Date.parse(timestamp) > newest - 5 * MINUTE_MILLIS);
      const values = sorted.slice(-10).flatMap(({ value }) => value ?? []);
      const at = new Date(newest);
      return {
        entity_key: user,
        features: {
          event_count_last_5min: recent.filter(({ event_type }) => event_type === 'purchase').length,
          rolling_sum_10_events: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0),
          is_weekend: [0, 6].includes(at.getUTCDay()),
          hour_of_day: at.getUTCHours(),
        },
        timestamp: at.toISOString().replace('Z', '000Z'),
      };
    });
}

interface Published {
  readonly key: string;
  readonly source: string;
  readonly value: { readonly entity_key: string };
}

/** Everything in `computed_features`, once it has at least so many messages. */
async function published(least: number): Promise<readonly Published[]> {
  const consumer = broker.kafka.consumer({ groupId: `reader-${least}-${Math.random()}` });
  const found: Published[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [computed_features], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { key, value, headers } }) => {
      const source = String(headers?.['asof-source']);
      found.push({ key: String(key), source, value: JSON.parse(String(value)) as Published['value'] });
    },
  });
  await expect.poll(() => found.length, { timeout: PATIENCE_MILLIS }).toBeGreaterThanOrEqual(least);
  await consumer.disconnect();
  return found;
}

test(
  'each event is published with the values right after it, whatever comes late, twice or at one time',
  async () => {
    const events = makeEvents(300);
    await send(events.slice(0, 200));
    const first = consume(fixture, 'user_activity', { batchSize: 37 });
    await first.caughtUp();
    await first.stop();
    await send(events.slice(200));
    const second = consume(fixture, 'user_activity');
    await second.caughtUp();
    await second.stop();
    expect(second.last()).toMatchObject({ late: 0, rejected: 0, problem: null });
    const found = await published(events.length);
    expect(found.length).toBe(events.length);
    for (const user of USERS) {
      expect(found.filter(({ key }) => key === user).map(({ value }) => value)).toEqual(expectedMessages(events, user));
    }
  },
  PATIENCE_MILLIS,
);

test(
  'what a consumer had applied and not published when it died is published by the next one',
  async () => {
    const events = makeEvents(120);
    await send(events);
    let sent = 0;
    const dying = (follower: TopicFollower): TopicFollower => ({
      ...follower,
      publish: (messages) => {
        sent += 1;
        if (sent === 3) throw new Error('killed');
        return follower.publish(messages);
      },
    });
    const first = consume(fixture, 'user_activity', { batchSize: 10, change: dying });
    await expect(first.done).rejects.toThrow('killed');
    await first.stop().catch(() => undefined);
    const away = (follower: TopicFollower): TopicFollower => {
      let attempts = 0;
      return {
        ...follower,
        publish: (messages) => {
          attempts += 1;
          if (attempts > 2) return follower.publish(messages);
          return Promise.reject(new AsofError('KAFKA_UNAVAILABLE', { brokers: broker.brokers, problem: 'away' }));
        },
      };
    };
    const second = consume(fixture, 'user_activity', { batchSize: 10, change: away });
    await second.caughtUp();
    await second.stop();
    const found = await published(events.length);
    for (const user of USERS) {
      const own = new Map(found.filter(({ key }) => key === user).map((one) => [one.source, one.value]));
      expect([...own.values()]).toEqual(expectedMessages(events, user));
    }
  },
  PATIENCE_MILLIS,
);
