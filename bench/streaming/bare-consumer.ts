/**
 * The least that a consumer of a topic can do, as a contender: the number and sum of a key's events, held in this process and written to
 * Redis as text, one SET an event. No windows, no order, no offsets with the values; what it held is lost with it.
 */
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { openTopicWorld, type TopicWorld } from './topic-world.ts';

const [events = 0, keys = 1] = process.argv.slice(2).map(Number);

interface Totals {
  n: number;
  sum: number;
}

async function measure({ brokers, redisUrl, sendAll }: TopicWorld): Promise<Readonly<Record<string, number>>> {
  await sendAll();
  const redis = new Redis(redisUrl);
  const consumer = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).consumer({
    groupId: 'bare',
  });
  await consumer.connect();
  await consumer.subscribe({ topic: 'raw_events', fromBeginning: true });
  const totals = new Map<string, Totals>();
  let seen = 0;
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const [started, startedCpu] = [performance.now(), process.cpuUsage()];
  await consumer.run({
    eachBatch: async ({ batch }) => {
      const pipeline = redis.pipeline();
      for (const { value } of batch.messages) {
        const { user, amount } = JSON.parse(value!.toString()) as { readonly user: string; readonly amount: number };
        const held = totals.get(user) ?? { n: 0, sum: 0 };
        held.n += 1;
        held.sum += amount;
        totals.set(user, held);
        pipeline.set(`bare:${user}`, JSON.stringify(held));
      }
      await pipeline.exec();
      seen += batch.messages.length;
      if (seen >= events) ended();
    },
  });
  await end;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(startedCpu);
  await consumer.disconnect();
  await redis.quit();
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    rows: events,
    checksum: [...totals.values()].reduce((total, { sum }) => total + sum, 0),
  };
}

console.log(JSON.stringify(await openTopicWorld({ events, keys }, measure)));
process.exit(0);
