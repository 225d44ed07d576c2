/** Messages to topics, over a connection that is made at the first use, and anew after a failure. */
import type { OutgoingMessage, Publish } from '../online/stream-outbox.ts';
import { topicError } from './kafka-errors.ts';

/** One connection. */
export interface MessageSender {
  send(batch: { readonly topic: string; readonly messages: SentMessage[] }): Promise<unknown>;
  disconnect(): Promise<void>;
}

type SentMessage = Pick<OutgoingMessage, 'key' | 'value'> & { readonly headers: Record<string, string> };

export interface TopicProducer {
  readonly publish: Publish;
  close(): Promise<void>;
}

export function openProducer(brokers: readonly string[], connect: () => Promise<MessageSender>): TopicProducer {
  let connection: Promise<MessageSender> | undefined;

  const close = async (): Promise<void> => {
    const closing = connection;
    connection = undefined;
    await closing?.then((producer) => producer.disconnect()).catch(() => undefined);
  };

  return {
    close,
    async publish(messages) {
      for (const [topic, own] of byTopic(messages)) {
        try {
          const producer = await (connection ??= connect());
          const sent = own.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } }));
          await producer.send({ topic, messages: sent });
        } catch (error) {
          await close();
          throw topicError(brokers, topic, error);
        }
      }
    },
  };
}

function byTopic(messages: readonly OutgoingMessage[]): ReadonlyMap<string, readonly OutgoingMessage[]> {
  const topics = new Map<string, OutgoingMessage[]>();
  for (const message of messages) {
    const known = topics.get(message.topic);
    if (known) known.push(message);
    else topics.set(message.topic, [message]);
  }
  return topics;
}
