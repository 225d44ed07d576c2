/**
 * What a stream is about to publish: written in one step with the values that it tells of, taken out once it is published. Whoever
 * dies in between leaves it to the next one, so each message is published at least once.
 */
import { CLEAR_OUTBOX_SCRIPT, READ_OUTBOX_SCRIPT } from './stream-scripts.ts';
import { orStreamError, type ViewStream } from './view-stream.ts';

export interface OutgoingMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends messages in their order, and returns when the brokers have them. */
export type Publish = (messages: readonly OutgoingMessage[]) => Promise<void>;

export function encodeOutgoing(messages: readonly OutgoingMessage[]): string {
  return messages.length === 0 ? '' : JSON.stringify(messages);
}

/** Publishes what a step has just written, and takes it out. */
export async function publishStep(
  stream: ViewStream,
  publish: Publish,
  { partition, from }: { readonly partition: number; readonly from: bigint },
  messages: readonly OutgoingMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  await publish(messages);
  await clear(stream, `${partition}:${from}`);
}

/** Publishes what others have left of these partitions, in order of their offsets. */
export async function publishLeft(
  stream: ViewStream,
  publish: Publish,
  partitions: ReadonlySet<number>,
): Promise<void> {
  const { redis, view, keys } = stream;
  const found = (await orStreamError(view, () => redis.evaluate(READ_OUTBOX_SCRIPT, [keys.outbox], []))) as Buffer[];
  const left = found.flatMap((field, place) => {
    if (place % 2 === 1) return [];
    const [partition, from] = field.toString().split(':');
    return [{ partition: Number(partition), from: BigInt(from!), text: found[place + 1]!.toString() }];
  });
  left.sort((a, b) => (a.from < b.from ? -1 : 1));
  for (const { partition, from, text } of left) {
    if (!partitions.has(partition)) continue;
    await publishStep(stream, publish, { partition, from }, JSON.parse(text) as readonly OutgoingMessage[]);
  }
}

async function clear({ redis, view, keys }: ViewStream, field: string): Promise<void> {
  await orStreamError(view, () => redis.evaluate(CLEAR_OUTBOX_SCRIPT, [keys.outbox], [field]));
}
