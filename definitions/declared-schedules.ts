/** The schedules that definitions declare: what `apply` makes Temporal's match. */
import type { FeatureViewManifest, Manifest, ServiceManifest, StoredSourceManifest } from '../contracts/manifest.ts';
import type { ScheduledWork, ScheduleTimes } from '../contracts/schedules.ts';
import { formatDuration } from '../contracts/time.ts';
import { canonicalJson } from './fingerprint.ts';
import { watchEvery } from './freshness-targets.ts';
import { onlineViewsOf } from './online-views.ts';

export interface DeclaredSchedule {
  /** `source/flights`, `view/delays`, `service/ranking`: one for each definition, whatever it starts; and `freshness`. */
  readonly name: string;
  readonly work: ScheduledWork;
  readonly times: ScheduleTimes;
}

export interface ScheduleChange {
  readonly name: string;
  readonly action: 'added' | 'changed' | 'removed';
  /** In words; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Sorted by name. */
export function declaredSchedules(manifest: Manifest): readonly DeclaredSchedule[] {
  const { project } = manifest;
  const views = new Map(manifest.views.map((view) => [view.name, view]));
  const found = [
    ...manifest.sources.flatMap((source) => (source.kind === 'request' ? [] : ofSource(project, source))),
    ...manifest.views.flatMap((view) => (view.kind === 'derived' ? [] : ofView(project, view))),
    ...manifest.services.flatMap((service) => ofService(project, service, onlineViewsOf(service, views))),
    ...ofTargets(manifest),
  ];
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What an `apply` does to the declared schedules. */
export function scheduleChanges(before: Manifest | undefined, after: Manifest): readonly ScheduleChange[] {
  const [left, right] = [before === undefined ? [] : declaredSchedules(before), declaredSchedules(after)];
  const names = [...new Set([...left, ...right].map(({ name }) => name))].sort();
  return names.flatMap((name): readonly ScheduleChange[] => {
    const [old, next] = [left, right].map((list) => list.find((one) => one.name === name));
    const texts = { before: old ? describeSchedule(old) : null, after: next ? describeSchedule(next) : null };
    if (old === undefined) return [{ name, action: 'added', ...texts }];
    if (next === undefined) return [{ name, action: 'removed', ...texts }];
    return canonicalJson(old) === canonicalJson(next) ? [] : [{ name, action: 'changed', ...texts }];
  });
}

/** `+ schedule source/flights: ingest, 0 6 * * * Europe/Berlin` */
export function describeScheduleChange({ name, action, before, after }: ScheduleChange): string {
  switch (action) {
    case 'added':
      return `+ ${name}: ${after}`;
    case 'removed':
      return `- ${name}: ${before}`;
    case 'changed':
      return before === after ? `~ ${name}: ${after}` : `~ ${name}: ${before} -> ${after}`;
  }
}

/** What runs and when, in one line. */
export function describeSchedule({ work, times }: Pick<DeclaredSchedule, 'work' | 'times'>): string {
  return `${describeWork(work)}, ${describeTimes(times)}`;
}

export function describeTimes({ cron, everyMicros, offsetMicros, timezone, ...rules }: ScheduleTimes): string {
  const due =
    everyMicros === null
      ? `${cron.join('; ')} ${timezone}`
      : `every ${formatDuration(everyMicros)}${offsetMicros > 0 ? ` and ${formatDuration(offsetMicros)}` : ''}`;
  return rules.jitterMicros > 0 ? `${due}, up to ${formatDuration(rules.jitterMicros)} later` : due;
}

export function describeWork(work: ScheduledWork): string {
  switch (work.workflow) {
    case 'ingest': {
      const { source, window } = work.input;
      return window === undefined ? `ingest ${source}` : `ingest the last ${window} of ${source}`;
    }
    case 'backfill':
      return `backfill the last ${work.input.window} of ${work.input.view}`;
    case 'materialize':
      return `materialize ${work.input.views.join(', ')}`;
    case 'buildTrainingDataset':
      return `build dataset ${work.input.name}`;
    case 'maintain':
      return 'maintain the lake';
    case 'monitorFreshness':
      return 'look at the freshness of views';
    case 'checkConsistency':
      return `check the values that were served in the last ${work.input.last ?? '1d'}`;
    case 'runStream':
      return `keep the stream of ${work.input.view} running`;
  }
}

/** Freshness is watched as soon as a view has a target. */
function ofTargets(manifest: Manifest): readonly DeclaredSchedule[] {
  const everyMicros = watchEvery(manifest);
  if (everyMicros === null) return [];
  const times = { cron: [], everyMicros, offsetMicros: 0, timezone: 'UTC', jitterMicros: 0 };
  const work = { workflow: 'monitorFreshness', input: { project: manifest.project } } as const;
  return [{ name: 'freshness', work, times: { ...times, overlap: null, catchupMicros: null } }];
}

function ofSource(project: string, { name, schedule }: StoredSourceManifest): readonly DeclaredSchedule[] {
  if (schedule === null) return [];
  const { windowMicros, ...times } = schedule;
  const input = { project, source: name, ...(windowMicros !== null && { window: formatDuration(windowMicros) }) };
  return [{ name: `source/${name}`, work: { workflow: 'ingest', input }, times }];
}

function ofView(project: string, { name, options: { schedule } }: FeatureViewManifest): readonly DeclaredSchedule[] {
  if (schedule === null) return [];
  const { windowMicros, chunkMicros, ...times } = schedule;
  if (windowMicros === null) {
    const input = { project, views: [name] };
    return [{ name: `view/${name}`, work: { workflow: 'materialize', input }, times }];
  }
  const input = {
    project,
    view: name,
    window: formatDuration(windowMicros),
    ...(chunkMicros !== null && { chunk: formatDuration(chunkMicros) }),
  };
  return [{ name: `view/${name}`, work: { workflow: 'backfill', input }, times }];
}

function ofService(
  project: string,
  { name: service, schedule }: ServiceManifest,
  views: readonly string[],
): readonly DeclaredSchedule[] {
  if (schedule === undefined) return [];
  const { dataset, ...times } = schedule;
  const name = `service/${service}`;
  if (dataset === null) return [{ name, work: { workflow: 'materialize', input: { project, views } }, times }];
  const { spine, asKnown } = dataset;
  const input = { project, name: dataset.name ?? service, spine, service, ...(asKnown && { asKnown }) };
  return [{ name, work: { workflow: 'buildTrainingDataset', input }, times }];
}
