/** The API's way to Temporal: it fails soon, so that a route answers 503 instead of hanging, and comes back by itself. */
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { Settings } from '../contracts/config.ts';
import { dataConverterFor } from '../security/data-converter.ts';

const CONTROL_MILLIS = 10_000;

/** About a second of trying again; the client's default is half a minute. */
const ATTEMPTS = 4;

/** gRPC waits up to two minutes before it looks again for a server that was away. */
const MOST_RECONNECT_MILLIS = 2_000;

/** Connects at the first call. */
export function openTemporal({
  address,
  namespace,
  payloadKeys,
}: Settings['temporal']): Client & { readonly connection: Connection } {
  const connection = Connection.lazy({
    address: address ?? '',
    channelArgs: { 'grpc.max_reconnect_backoff_ms': MOST_RECONNECT_MILLIS },
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: ATTEMPTS }))],
  });
  return Object.assign(new Client({ connection, namespace, dataConverter: dataConverterFor(payloadKeys) }), {
    connection,
  });
}

/** All calls of `work` together get ten seconds, or `millis`; then they fail with `TEMPORAL_UNAVAILABLE`. */
export function inTime<T>(client: Client, work: () => Promise<T>, millis = CONTROL_MILLIS): Promise<T> {
  return client.withDeadline(Date.now() + millis, work);
}
