import { AsofError } from '../../contracts/errors.ts';
import type { FeaturePlan } from '../../contracts/plan.ts';
import { requireInstant } from '../../contracts/time.ts';
import type { StoredType } from '../../contracts/values.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { openFeatureReader } from '../../library/feature-reader.ts';
import type { OnlineFeaturesResult } from '../../online/feature-document.ts';
import type { RequestColumns } from '../../online/read-request.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { collect, parseNames } from '../arguments.ts';
import type { Register } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { requireApplied } from '../project.ts';
import { drawTable } from '../table.ts';
import { parseText } from '../text-values.ts';

interface GetOptions {
  readonly features?: readonly string[];
  readonly service?: string;
  readonly entity: readonly string[];
  readonly request?: readonly string[];
  readonly at?: string;
}

export const registerGet: Register = (program, run) => {
  program
    .command('get')
    .description('read online features')
    .option('--features <names>', 'view:feature,…', parseNames)
    .option('--service <name>', 'a feature service')
    .requiredOption('--entity <column=key>', 'a key; repeat it for more entities or more key columns', collect)
    .option('--request <column=value>', 'a value of the request source; repeatable', collect)
    .option('--at <time>', 'the instant to read at (default: now)')
    .action((options: GetOptions) =>
      run((context) =>
        withOfflineStores(
          context,
          async ({ settings, catalog, lake, engine }) => {
            const { features, service, at } = options;
            const names = { ...(features && { features }), ...(service !== undefined && { service }) };
            const plan = resolveFeatures((await requireApplied(catalog, settings.project)).manifest, names);
            const redis = openRedisClient({ url: settings.redisUrl ?? '' });
            const reader = await openFeatureReader({ project: settings.project, catalog, redis, lake, engine });
            try {
              const document = await reader.read({
                ...names,
                entities: parsePairs(options.entity, '--entity', keyTypes(plan)),
                ...(options.request && { request: parsePairs(options.request, '--request', requestTypes(plan)) }),
                ...(at !== undefined && { at: requireInstant(at, '--at') }),
              });
              context.terminal.result(document, draw(document));
            } finally {
              await reader.close();
              await redis.close();
            }
          },
          ['catalog', 'redis'],
        ),
      ),
    );
};

type Types = ReadonlyMap<string, StoredType>;

function keyTypes(plan: FeaturePlan): Types {
  return new Map(plan.keyColumns.map(({ column, type }) => [column, type]));
}

function requestTypes(plan: FeaturePlan): Types {
  return new Map(plan.requestColumns.map(({ name, type }) => [name, type as StoredType]));
}

/** `column=value` pairs to columns; the text after the first `=` is the value, whatever it holds. */
function parsePairs(pairs: readonly string[], option: string, types: Types): RequestColumns {
  const columns: Record<string, unknown[]> = {};
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut <= 0) throw new AsofError('USAGE', { problem: `${option} takes column=value, not "${pair}"` });
    const column = pair.slice(0, cut);
    const type = types.get(column);
    if (type === undefined) {
      const known = [...types.keys()];
      throw new AsofError('UNKNOWN_NAME', { where: option, kind: 'column', name: column, known });
    }
    (columns[column] ??= []).push(parseText(pair.slice(cut + 1), type, `${option} ${column}`));
  }
  return columns;
}

function draw({ metadata, results }: OnlineFeaturesResult): string {
  const count = results[0]?.values.length ?? 0;
  const rows = metadata.feature_names.map((name, index) => [
    name,
    ...Array.from({ length: count }, (_, entity) => {
      const status = results[index]?.statuses[entity] ?? 'MISSING';
      const value = results[index]?.values[entity] ?? null;
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return status === 'PRESENT' ? text : `${text} (${status})`;
    }),
  ]);
  return drawTable(['feature', ...Array.from({ length: count }, (_, entity) => `entity ${entity + 1}`)], rows);
}
