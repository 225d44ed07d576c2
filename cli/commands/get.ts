import type { FeaturePlan } from '../../contracts/plan.ts';
import { requireInstant } from '../../contracts/time.ts';
import type { StoredType } from '../../contracts/values.ts';
import { resolveFeatures } from '../../definitions/resolution.ts';
import { openFeatureReader } from '../../library/feature-reader.ts';
import type { OnlineFeaturesResult } from '../../online/feature-document.ts';
import { openRedisClient } from '../../online/redis-client.ts';
import { collect, parseNames } from '../arguments.ts';
import { parsePairs, spreadOverEntities, type ColumnTypes } from '../column-pairs.ts';
import type { Register } from '../main.ts';
import { withOfflineStores } from '../offline-stores.ts';
import { requireApplied } from '../project.ts';
import { drawTable } from '../table.ts';

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
    .option(
      '--request <column=value>',
      'a value of the request source; given once, it is that of every entity',
      collect,
    )
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
              const entities = parsePairs(options.entity, '--entity', keyTypes(plan));
              const request = options.request && parsePairs(options.request, '--request', requestTypes(plan));
              const document = await reader.read({
                ...names,
                entities,
                ...(request && { request: spreadOverEntities(request, entities) }),
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

function keyTypes(plan: FeaturePlan): ColumnTypes {
  return new Map(plan.keyColumns.map(({ column, type }) => [column, type]));
}

function requestTypes(plan: FeaturePlan): ColumnTypes {
  return new Map(plan.requestColumns.map(({ name, type }) => [name, type as StoredType]));
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
