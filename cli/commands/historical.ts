import path from 'node:path';
import type { AppliedDefinitions } from '../../catalog/catalog.ts';
import { AsofError } from '../../contracts/errors.ts';
import { parseDuration, requireInstant } from '../../contracts/time.ts';
import { runtimeFromBundle } from '../../definitions/loading.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { retrieveHistorical, type SpineInput } from '../../offline/retrieval.ts';
import { parseNames } from '../arguments.ts';
import { describeLeakage } from '../leakage.ts';
import type { Register } from '../main.ts';
import { withOfflineStores, type OfflineStores } from '../offline-stores.ts';
import { requireApplied } from '../project.ts';
import { formatCount } from '../table.ts';

interface HistoricalOptions {
  readonly spine?: string;
  readonly entities?: string;
  readonly from?: string;
  readonly to?: string;
  readonly every: string;
  readonly features?: readonly string[];
  readonly service?: string;
  readonly out: string;
  readonly asKnown?: boolean;
  readonly shortNames?: boolean;
}

export const registerHistorical: Register = (program, run) => {
  program
    .command('historical')
    .description('point-in-time join in this process: a spine in, the same rows with features out')
    .option('--spine <file>', 'keys and event_timestamp: Parquet, CSV or JSON Lines')
    .option('--entities <file>', 'keys alone, asked for at every step of a range')
    .option('--from <time>', 'with --entities: first instant')
    .option('--to <time>', 'with --entities: end of the range, exclusive')
    .option('--every <duration>', 'with --entities: step', '1h')
    .option('--features <names>', 'view:feature,…', parseNames)
    .option('--service <name>', 'a feature service')
    .requiredOption('--out <file>', 'Parquet, CSV or JSON Lines')
    .option('--as-known', 'only rows created by then count')
    .option('--short-names', 'feature columns without the name of their view')
    .action((options: HistoricalOptions) =>
      run(async (context) => {
        const spine = chooseSpine(options);
        await withOfflineStores(context, async (stores) => {
          const { catalog, settings } = stores;
          const applied = await requireApplied(catalog, settings.project);
          const retrieved = await retrieve(stores, applied, spine, options, context.signal);
          context.terminal.result({ output: path.resolve(options.out), ...retrieved }, [
            `${formatCount(retrieved.rows)} rows, ${retrieved.columns.length} columns in ${options.out}.`,
            ...describeLeakage(retrieved.leakage),
          ]);
        });
      }),
    );
};

async function retrieve(
  { settings, catalog, lake, engine, workDirectory }: OfflineStores,
  applied: AppliedDefinitions,
  spine: SpineInput,
  { features, service, out, asKnown = false, shortNames = false }: HistoricalOptions,
  signal: AbortSignal,
): ReturnType<typeof retrieveHistorical> {
  const plan = resolveFeatures(applied.manifest, {
    ...(features && { features }),
    ...(service !== undefined && { service }),
  });
  const runtime = runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash));
  return retrieveHistorical(
    { tables: catalog.tables, intervals: catalog.intervals, lake, engine, workDirectory, signal },
    { project: settings.project, plan, runtime, spine, asKnown, shortNames, output: path.resolve(out) },
  );
}

function chooseSpine({ spine, entities, from, to, every }: HistoricalOptions): SpineInput {
  if ((spine === undefined) === (entities === undefined)) {
    throw new AsofError('USAGE', { problem: 'give --spine, or --entities with --from and --to' });
  }
  if (spine !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new AsofError('USAGE', { problem: '--from and --to go with --entities, not with --spine' });
    }
    return { kind: 'spine', path: path.resolve(spine) };
  }
  if (from === undefined || to === undefined) {
    throw new AsofError('USAGE', { problem: '--entities needs --from and --to' });
  }
  const everyMicros = parseDuration(every);
  if (everyMicros === undefined) throw new AsofError('USAGE', { problem: `--every takes a duration, not "${every}"` });
  return {
    kind: 'entities',
    path: path.resolve(entities ?? ''),
    from: requireInstant(from, '--from'),
    to: requireInstant(to, '--to'),
    everyMicros,
  };
}
