/** `asof schedule set KIND …`: one subcommand for each kind of work, all with the same options about when. */
import path from 'node:path';
import type { Command } from 'commander';
import { requireFeatureView, requireStoredSource } from '../../../activities/applied-view.ts';
import { AsofError } from '../../../contracts/errors.ts';
import type { Manifest } from '../../../contracts/manifest.ts';
import { SCHEDULE_OVERLAPS, type ScheduledInputs, type ScheduledWork } from '../../../contracts/schedules.ts';
import { describeSchedule } from '../../../definitions/declared-schedules.ts';
import { isName } from '../../../definitions/names.ts';
import { readScheduleTimes } from '../../../definitions/normalization/schedules.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { nameViews } from '../../../workers/run-ids.ts';
import { awaitListed, readSchedule, setSchedule } from '../../../workers/schedules.ts';
import { collect, parseCount, parseNames } from '../../arguments.ts';
import type { CommandContext, Register } from '../../main.ts';
import { requireApplied } from '../../project.ts';
import { withSchedules } from '../../schedules.ts';

interface TimeOptions {
  readonly cron?: readonly string[];
  readonly every?: string;
  readonly offset?: string;
  readonly timezone?: string;
  readonly jitter?: string;
  readonly overlap?: string;
  readonly catchup?: string;
  readonly name?: string;
  readonly paused?: string;
}

/** What is run, and the words after the kind in the schedule's name. */
interface Planned {
  readonly work: ScheduledWork;
  readonly target: string;
}

export const registerSet: Register = (schedule, run) => {
  const set = schedule.command('set').description('make a schedule, or change the one of the same work and name');
  const add = <Options extends TimeOptions>(
    command: Command,
    plan: (manifest: Manifest, argument: string | readonly string[] | undefined, options: Options) => Planned,
  ): void => {
    addTimes(command).action((...given: unknown[]) => {
      // commander gives the arguments, then the options, then the command
      const options = given.at(-2) as Options;
      const argument = given.length > 2 ? (given[0] as string | readonly string[]) : undefined;
      return run((context) => makeSchedule(context, options, (manifest) => plan(manifest, argument, options)));
    });
  };

  add<TimeOptions & { window?: string }>(
    set
      .command('ingest')
      .description('read what is new in a source')
      .argument('<source>')
      .option('--window <duration>', 'only rows of so long before each run'),
    ({ project, ...manifest }, source, { window }) => {
      requireStoredSource({ project, ...manifest }, String(source));
      const input = { project, source: String(source), ...(window !== undefined && { window }) };
      return { target: String(source), work: { workflow: 'ingest', input } };
    },
  );
  add<TimeOptions & { window?: string; chunk?: string; parallel?: number }>(
    set
      .command('backfill')
      .description("precompute a view's intervals; those that are done are passed over")
      .argument('<view>')
      .option('--window <duration>', 'how far back each run looks; longer than the time between runs')
      .option('--chunk <duration>', 'length of one interval (default: 1d)')
      .option('--parallel <n>', 'intervals at work at once', (text) => parseCount(text, '--parallel')),
    (manifest, view, { window, chunk, parallel }) => {
      requireFeatureView(manifest, String(view));
      if (window === undefined)
        throw new AsofError('USAGE', { problem: 'say how far back each run looks with --window' });
      const { project } = manifest;
      const more = { ...(chunk !== undefined && { chunk }), ...(parallel !== undefined && { parallel }) };
      return {
        target: String(view),
        work: { workflow: 'backfill', input: { project, view: String(view), window, ...more } },
      };
    },
  );
  add<TimeOptions & { all?: boolean }>(
    set
      .command('materialize')
      .description('bring views online')
      .argument('[views...]')
      .option('--all', 'every view that is online now'),
    planMaterialize,
  );
  add<TimeOptions & DatasetOptions>(
    set
      .command('dataset')
      .description('build a training dataset, each time as a new version')
      .argument('<name>')
      .option('--spine <file>', 'keys and event_timestamp: Parquet, CSV or JSON Lines')
      .option('--spine-query <sql>', 'one SELECT over the sources that gives the same')
      .option('--window <duration>', 'without a spine: the keys at each step of so long before each run')
      .option('--step <duration>', 'step of the window (default: 1h)')
      .option('--entities <file>', 'keys to ask for at each step (default: all that the sources hold)')
      .option('--features <names>', 'view:feature,…', parseNames)
      .option('--service <name>', 'a feature service')
      .option('--as-known', 'only rows created by then count'),
    planDataset,
  );
  add<TimeOptions & { retentionDays?: number; graceDays?: number }>(
    set
      .command('maintain')
      .description('compact, expire and clean the lake')
      .option('--retention-days <days>', 'as of `asof maintain`', Number)
      .option('--grace-days <days>', 'as of `asof maintain`', Number),
    ({ project }, _, { retentionDays, graceDays }) => {
      const days = {
        ...(retentionDays !== undefined && { retentionDays }),
        ...(graceDays !== undefined && { graceDays }),
      };
      return { target: '', work: { workflow: 'maintain', input: { project, ...days } } };
    },
  );
  add<TimeOptions & { last?: string }>(
    set
      .command('consistency')
      .description('compare served values with the lake')
      .option('--last <duration>', 'as of `asof consistency check`'),
    ({ project }, _, { last }) => {
      return {
        target: '',
        work: { workflow: 'checkConsistency', input: { project, ...(last !== undefined && { last }) } },
      };
    },
  );
};

function addTimes(command: Command): Command {
  return command
    .option(
      '--cron <expression>',
      'minute, hour, day of month, month, day of week, or @daily; may be repeated',
      collect,
    )
    .option('--every <duration>', 'in place of --cron: at equal intervals from the epoch on')
    .option('--offset <duration>', 'puts each off within its interval')
    .option('--timezone <zone>', 'of --cron, such as Europe/Berlin (default: UTC)')
    .option('--jitter <duration>', 'puts each start off by a random time up to this')
    .option('--overlap <policy>', `when a run is due while one is at work: ${SCHEDULE_OVERLAPS.join(', ')}`)
    .option('--catchup <duration>', 'how late a run may start that was due while Temporal was down')
    .option('--name <name>', 'tells it from another schedule of the same work')
    .option('--paused <reason>', 'hold it from the start');
}

async function makeSchedule(
  context: CommandContext,
  options: TimeOptions & { readonly window?: string },
  plan: (manifest: Manifest) => Planned,
): Promise<void> {
  const { name: own, paused, cron, every, offset, timezone, jitter, overlap, catchup, window } = options;
  const given = { cron, every, offset, timezone, jitter, overlap, catchup };
  if (own !== undefined && !isName(own))
    throw new AsofError('USAGE', { problem: `--name: "${own}" is not a valid name` });
  await withSchedules(context, async ({ settings, catalog, client }) => {
    const { project } = settings;
    const { manifest } = await requireApplied(catalog, project);
    const { work, target } = plan(manifest);
    // a dataset's window is the range of its spine, which may well leave out time
    const range = work.workflow === 'buildTrainingDataset' ? {} : { window };
    const times = readScheduleTimes(withoutUndefined({ ...given, ...range }));
    const kind = work.workflow === 'buildTrainingDataset' ? 'dataset' : work.workflow;
    const name = [kind, target, own].filter((part) => part !== undefined && part !== '').join('/');
    const outcome = await setSchedule(
      client,
      { project, name },
      { work, times },
      paused === undefined ? {} : { paused },
    );
    await awaitListed(client, project, { present: [name] });
    const state = await readSchedule(client, { project, name });
    const verb = outcome === 'created' ? 'Made' : 'Changed';
    context.terminal.result({ ...state, outcome }, [
      `${verb} ${name}: ${describeSchedule({ work, times })}`,
      state.paused ? `paused: ${state.note ?? ''}` : `next: ${state.next[0] ?? 'never'}`,
    ]);
  });
}

function planMaterialize(
  manifest: Manifest,
  argument: string | readonly string[] | undefined,
  { all = false }: { readonly all?: boolean },
): Planned {
  const names = Array.isArray(argument) ? (argument as readonly string[]) : [];
  if (names.length > 0 === all) throw new AsofError('USAGE', { problem: 'name views, or give --all' });
  const online = manifest.views.filter((view) => view.kind === 'feature' && view.online).map(({ name }) => name);
  for (const name of names) {
    if (requireFeatureView(manifest, name).online) continue;
    throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem: 'is not declared with online: true' });
  }
  const views = all ? online : [...new Set(names)];
  return {
    target: all ? '' : nameViews(views),
    work: { workflow: 'materialize', input: { project: manifest.project, views } },
  };
}

interface DatasetOptions {
  readonly spine?: string;
  readonly spineQuery?: string;
  readonly window?: string;
  readonly step?: string;
  readonly entities?: string;
  readonly features?: readonly string[];
  readonly service?: string;
  readonly asKnown?: boolean;
}

function planDataset(
  manifest: Manifest,
  name: string | readonly string[] | undefined,
  options: DatasetOptions,
): Planned {
  const { features, service, asKnown } = options;
  const request = { ...(features && { features }), ...(service !== undefined && { service }) };
  resolveFeatures(manifest, request);
  const input = {
    ...{ project: manifest.project, name: String(name), spine: spineOf(options), ...request },
    ...(asKnown !== undefined && { asKnown }),
  };
  return { target: String(name), work: { workflow: 'buildTrainingDataset', input } };
}

function spineOf(options: DatasetOptions): ScheduledInputs['buildTrainingDataset']['spine'] {
  const { spine, spineQuery, window, step, entities } = options;
  if ([spine, spineQuery, window].filter((way) => way !== undefined).length !== 1) {
    throw new AsofError('USAGE', { problem: 'give one of --spine, --spine-query and --window' });
  }
  if (window === undefined && (step !== undefined || entities !== undefined)) {
    throw new AsofError('USAGE', { problem: '--step and --entities go with --window' });
  }
  if (spine !== undefined) return path.resolve(spine);
  if (spineQuery !== undefined) return { query: spineQuery };
  return {
    window: window ?? '',
    ...(step !== undefined && { every: step }),
    ...(entities !== undefined && { entities: path.resolve(entities) }),
  };
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
