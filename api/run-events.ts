/** `GET /v1/runs/{id}/events`: a run as server-sent events, to its end. */
import type { FastifyInstance } from 'fastify';
import { AsofError } from '../contracts/errors.ts';
import { toJsonText } from '../contracts/json-text.ts';
import { hashOf } from '../workers/run-ids.ts';
import { openEventStream, type EventStream, type ServerEvent } from './event-stream.ts';
import { describeRun, RUN_PARAMETERS, type ObservedRun } from './run-document.ts';
import { createRunFollowers } from './run-followers.ts';
import { observeRun, requireRun, type ObserverDependencies } from './run-observer.ts';

export interface EventLimits {
  /** Streams of this process at once; the next one is refused with 503. */
  readonly mostStreams: number;
  readonly heartbeatMillis: number;
  /** How often a run is looked at. */
  readonly intervalMillis: number;
}

export const EVENT_LIMITS: EventLimits = { mostStreams: 200, heartbeatMillis: 15_000, intervalMillis: 500 };

const RETRY_AFTER_SECONDS = 5;

const EVENTS_SCHEMA = {
  summary: 'Follow a run as server-sent events',
  description:
    'Each event holds the document of `GET /v1/runs/{id}`: `progress` whenever it has changed, and `end`, once, when the ' +
    'run is over; then the stream ends. A run that is over already gives `end` alone. Comments keep the connection open.',
  params: RUN_PARAMETERS,
  headers: {
    type: 'object',
    properties: {
      'last-event-id': {
        type: 'string',
        maxLength: 200,
        description:
          'an event that the client has: it is not sent again. Events are states, so those in between are not repeated. ' +
          '204, at which an EventSource stops, when it was the last',
      },
    },
  },
  answers: {
    200: {
      description: 'the events',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    204: { description: 'the client has the last event' },
  },
} as const;

export interface EventStreams {
  /** Open at this moment. */
  readonly count: number;
}

export function serveRunEvents(
  server: FastifyInstance,
  dependencies: ObserverDependencies,
  { mostStreams, heartbeatMillis, intervalMillis }: EventLimits,
): EventStreams {
  const followers = createRunFollowers((id) => observeRun(dependencies, id), intervalMillis);
  const open = new Set<EventStream>();
  // a stream lasts as long as its run: the server would never be closed
  server.addHook('preClose', (done) => {
    for (const stream of open) stream.end();
    done();
  });

  // without `exposeHeadRoute` a HEAD would open a stream too
  const options = { schema: EVENTS_SCHEMA, exposeHeadRoute: false, config: { isMeasured: false } };
  server.get('/v1/runs/:id/events', options, async (request, reply) => {
    const { id } = request.params as { readonly id: string };
    const run = await requireRun(dependencies, id);
    let last = request.headers['last-event-id'] as string | undefined;
    if (run.state !== 'running' && eventOf({ run }).id === last) return reply.status(204).send();
    if (open.size >= mostStreams) {
      void reply.header('retry-after', RETRY_AFTER_SECONDS);
      throw new AsofError('TOO_MANY_STREAMS', { most: mostStreams, route: `GET /v1/runs/${id}` });
    }

    reply.hijack();
    let unfollow = (): void => undefined;
    const stream = openEventStream(reply.raw, {
      heartbeatMillis,
      closed() {
        open.delete(stream);
        unfollow();
      },
    });
    open.add(stream);
    let isFirst = true;
    unfollow = followers.follow(id, (observed) => {
      const event = eventOf(observed);
      // that nobody answers for a moment is no news of the run
      const isNews = isFirst || observed.progress !== undefined || observed.run.state !== 'running';
      isFirst = false;
      if (!isNews) return;
      if (event.id !== last) stream.send(event);
      last = event.id;
      if (observed.run.state !== 'running') stream.end();
    });
    return reply;
  });
  return {
    get count() {
      return open.size;
    },
  };
}

/** The id names the state, so that any process of the API knows what the client has. */
function eventOf(observed: ObservedRun): ServerEvent {
  const data = toJsonText(describeRun(observed));
  return { id: hashOf(data), name: observed.run.state === 'running' ? 'progress' : 'end', data };
}
