/** What kafkajs throws, in the project's own terms. Its errors after retries carry the cause, and no message of their own. */
import { AsofError, messageOf } from '../contracts/errors.ts';

const UNREADABLE: ReadonlySet<string> = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
]);

export function topicError(brokers: readonly string[], topic: string, error: unknown): unknown {
  if (error instanceof AsofError || isAbort(error)) return error;
  if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return new AsofError('INPUT_NOT_FOUND', { where: `Kafka at ${brokers.join(', ')}`, path: `topic ${topic}` }, error);
  }
  if (isNotImplemented(error)) {
    const problem = `${reasonOf(error)} by the client; let producers use gzip or no compression`;
    return new AsofError('TOPIC_UNREADABLE', { topic, problem }, error);
  }
  if (UNREADABLE.has(typeOf(error)))
    return new AsofError('TOPIC_UNREADABLE', { topic, problem: reasonOf(error) }, error);
  return brokersUnavailable(brokers, error);
}

export function brokersUnavailable(brokers: readonly string[], error: unknown): AsofError {
  return new AsofError('KAFKA_UNAVAILABLE', { brokers, problem: reasonOf(error) }, error);
}

/** Whether the same question may be answered a moment later. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof AsofError) && !isAbort(error) && !isNotImplemented(error) && !UNREADABLE.has(typeOf(error));
}

export function isOutOfRange(error: unknown): boolean {
  return typeOf(error) === 'OFFSET_OUT_OF_RANGE';
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function isNotImplemented(error: unknown): boolean {
  return causesOf(error).some(({ name }) => name === 'KafkaJSNotImplemented');
}

/** Kafka's name of the error, such as `OFFSET_OUT_OF_RANGE`; empty for failures of another kind. */
function typeOf(error: unknown): string {
  for (const cause of causesOf(error)) if ('type' in cause && typeof cause.type === 'string') return cause.type;
  return '';
}

function reasonOf(error: unknown): string {
  const messages = causesOf(error).map(({ message }) => message);
  return messages.find((message) => message !== '') ?? messageOf(error);
}

function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let at = error; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at);
  return causes;
}
