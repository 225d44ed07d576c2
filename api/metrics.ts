/** `GET /metrics`: what a Prometheus scrapes from this process. */
import type { FastifyInstance } from 'fastify';
import type { Catalog } from '../catalog/catalog.ts';
import { VERSION } from '../contracts/version.ts';
import type { Engine } from '../engine/engine.ts';
import { readMemoryUse } from '../engine/memory-use.ts';
import { describeConsistency } from './consistency-metrics.ts';
import { probeAll, withinMillis, type ReadinessProbe } from './health.ts';
import type { DefinitionSource } from '../library/applied-definitions.ts';
import type { FeatureReader } from '../library/feature-reader.ts';
import type { SamplerReadings, ServedSampler } from '../online/served-sampler.ts';
import type { CacheReadings } from '../online/state-cache.ts';
import { readFreshness, type ViewFreshness } from '../online/freshness.ts';
import { MICROS_PER_SECOND } from '../contracts/time.ts';
import {
  DurationHistogram,
  formatMetrics,
  gauge,
  METRICS_TYPE,
  type MetricFamily,
  type MetricSample,
} from './metric-text.ts';
import type { EventStreams } from './run-events.ts';
import type { ServingWork } from './serving-limits.ts';
import type { WorkLimit } from './work-limit.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False for a route whose answer lasts as long as the caller likes. */
    readonly isMeasured?: boolean;
  }
}

export interface MetricDependencies {
  readonly project: string;
  readonly catalog: Pick<Catalog, 'runs' | 'intervals' | 'consistency'>;
  readonly definitions: DefinitionSource;
  readonly engine: Engine;
  readonly probes: Readonly<Record<string, ReadinessProbe>>;
  readonly streams: EventStreams;
  readonly work: ServingWork;
  readonly reader: Pick<FeatureReader, 'cache'>;
  readonly sampler: Pick<ServedSampler, 'readings'>;
  /** Of several processes behind one port: which it is. */
  readonly processName: string | undefined;
}

/** Seconds: online reads take milliseconds, frames minutes. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** A store that does not answer costs the scrape its own lines only. */
const DEADLINE_MILLIS = 2_000;

const METRICS_SCHEMA = {
  summary: 'Metrics for Prometheus',
  answers: { 200: { description: 'text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } } },
} as const;

/** Measures every route of the server, whether it was added before or is added later. */
export function serveMetrics(
  server: FastifyInstance,
  { project, catalog, definitions, engine, probes, streams, work, reader, sampler, processName }: MetricDependencies,
): void {
  const durations = new DurationHistogram(BOUNDS);
  // the route and not the path: names in paths have no bound
  server.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    if (routeOptions.config.isMeasured !== false) {
      const labels = { method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) };
      durations.observe(labels, reply.elapsedTime / 1000);
    }
    done();
  });

  server.get('/metrics', { schema: METRICS_SCHEMA }, async (_request, reply) => {
    const [components, runs, memory, freshness, consistency] = await Promise.all([
      probeAll(probes),
      withinMillis(catalog.runs.count(project), DEADLINE_MILLIS, undefined).catch(() => undefined),
      withinMillis(readMemoryUse(engine), DEADLINE_MILLIS, undefined).catch(() => undefined),
      // before the first apply there are no views
      withinMillis(measureFreshness(catalog, definitions), DEADLINE_MILLIS, []).catch(() => []),
      withinMillis(catalog.consistency.newestReport(project), DEADLINE_MILLIS, undefined).catch(() => undefined),
    ]);
    const families: readonly MetricFamily[] = [
      gauge('asof_build_info', 'The version that runs', { labels: { version: VERSION, project }, value: 1 }),
      gauge(
        'asof_component_up',
        'Whether a store or service answers',
        ...Object.entries(components).map(([component, up]) => ({ labels: { component }, value: up ? 1 : 0 })),
      ),
      {
        name: 'asof_http_request_duration_seconds',
        help: 'Time to answer a request, without streams of events',
        type: 'histogram',
        samples: durations.samples(),
      },
      ...describeWork(work),
      ...describeCache(reader.cache),
      gauge('asof_event_streams', 'Open streams of run events', { value: streams.count }),
      gauge(
        'asof_runs',
        'Runs in the catalog by workflow and state',
        ...(runs ?? []).map(({ workflow, state, runs: value }) => ({ labels: { workflow, state }, value })),
      ),
      gauge('asof_engine_memory_limit_bytes', 'Memory limit of the engine and of what is held beside it', {
        value: engine.memoryBytes,
      }),
      gauge('asof_engine_memory_bytes', 'Memory that the engine uses', ...(memory ? [{ value: memory.bytes }] : [])),
      gauge(
        'asof_engine_spilled_bytes',
        'Bytes that the engine has spilled to disk',
        ...(memory ? [{ value: memory.spilledBytes }] : []),
      ),
      ...describeViews(freshness),
      ...describeSampler(sampler.readings),
      ...describeConsistency(consistency),
      ...describeProcess(),
    ];
    return reply
      .header('content-type', METRICS_TYPE)
      .send(formatMetrics(families, processName === undefined ? {} : { process: processName }));
  });
}

async function measureFreshness(
  { intervals }: Pick<Catalog, 'intervals'>,
  definitions: DefinitionSource,
): Promise<readonly ViewFreshness[]> {
  const { applied } = await definitions.current();
  return readFreshness(intervals, applied.manifest);
}

/** A view that was never brought online has a target and no age. */
function describeViews(views: readonly ViewFreshness[]): readonly MetricFamily[] {
  const ofViews = (micros: (view: ViewFreshness) => number | null): readonly MetricSample[] =>
    views.flatMap((view) => {
      const value = micros(view);
      return value === null ? [] : [{ labels: { view: view.view }, value: value / MICROS_PER_SECOND }];
    });
  return [
    gauge(
      'asof_view_online_age_seconds',
      'Time since the instant up to which a view is online',
      ...ofViews((view) => view.ageMicros),
    ),
    gauge(
      'asof_view_freshness_target_seconds',
      'How old a view may become online',
      ...ofViews((view) => view.targetMicros),
    ),
    gauge(
      'asof_view_fresh',
      'Whether a view is as fresh online as its definition asks',
      ...views.flatMap(({ view, state }) =>
        state === null ? [] : [{ labels: { view }, value: state === 'fresh' ? 1 : 0 }],
      ),
    ),
  ];
}

/** What is bounded: `most` and `mostQueued` of each say when requests are refused. */
function describeWork(work: ServingWork): readonly MetricFamily[] {
  const ofWork = (value: (limit: WorkLimit) => number): readonly MetricSample[] =>
    Object.values(work).map((limit) => ({ labels: { work: limit.name }, value: value(limit) }));
  return [
    gauge('asof_work_under_way', 'Requests under way', ...ofWork(({ underWay }) => underWay)),
    gauge('asof_work_queued', 'Requests that wait for their turn', ...ofWork(({ queued }) => queued)),
    {
      name: 'asof_work_refused_total',
      help: 'Requests that were refused because too many were under way',
      type: 'counter',
      samples: ofWork(({ refused }) => refused),
    },
  ];
}

/** Nothing before a view asks to be held. */
function describeCache({ hits, misses, bytes }: CacheReadings): readonly MetricFamily[] {
  if (hits + misses === 0) return [];
  const lookups = Object.entries({ hit: hits, miss: misses });
  return [
    {
      name: 'asof_cache_lookups_total',
      help: 'Stored states that were looked for in this process',
      type: 'counter',
      samples: lookups.map(([result, value]) => ({ labels: { result }, value })),
    },
    gauge('asof_cache_bytes', 'What the stored states held in this process take', { value: bytes }),
  ];
}

function describeSampler({ kept, dropped }: SamplerReadings): readonly MetricFamily[] {
  if (kept + dropped === 0) return [];
  return [
    {
      name: 'asof_served_samples_total',
      help: 'Served vectors that were chosen for a check of their values',
      type: 'counter',
      samples: Object.entries({ kept, dropped }).map(([result, value]) => ({ labels: { result }, value })),
    },
  ];
}

/** Under the names that every Prometheus client uses. */
function describeProcess(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'User and system CPU time in seconds',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes', { value: process.memoryUsage.rss() }),
    gauge('process_start_time_seconds', 'Start time since the epoch in seconds', {
      value: Math.round(performance.timeOrigin) / 1000,
    }),
  ];
}
