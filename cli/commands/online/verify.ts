import { randomInt } from 'node:crypto';
import type { Catalog } from '../../../catalog/catalog.ts';
import { AsofError } from '../../../contracts/errors.ts';
import type { Manifest } from '../../../contracts/manifest.ts';
import type { PlannedView } from '../../../contracts/plan.ts';
import { fillFits, fittedFeatures } from '../../../definitions/fitting.ts';
import { runtimeFromBundle } from '../../../definitions/loading.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { openRedisClient } from '../../../online/redis-client.ts';
import { verifyView, type Verification } from '../../../online/verification.ts';
import { parseCount, parseWholeNumber } from '../../arguments.ts';
import type { Register } from '../../main.ts';
import { withOfflineStores } from '../../offline-stores.ts';
import { requireApplied } from '../../project.ts';
import { drawTable, formatCount } from '../../table.ts';
import { chooseOnlineViews } from './choice.ts';

const DEFAULT_SAMPLE = 1000;
const MOST_SAMPLED = 100_000;
const SEEDS = 2 ** 32;
const READ_DEADLINE_MILLIS = 10_000;

export const registerVerify: Register = (online, run) => {
  online
    .command('verify')
    .description('compare Redis with the ledger, and a sample of its values with the lake; fails when anything differs')
    .argument('[views...]', 'default: every view that is online')
    .option('--sample <keys>', `keys of each view whose values are computed again (default: ${DEFAULT_SAMPLE})`)
    .option('--seed <number>', 'of the sample (default: a new one, which is printed)')
    .action((names: readonly string[], options: { sample?: string; seed?: string }) =>
      run((context) =>
        withOfflineStores(
          context,
          async ({ settings: { project, redisUrl }, catalog, lake, engine }) => {
            const sample = options.sample === undefined ? DEFAULT_SAMPLE : parseCount(options.sample, '--sample');
            if (sample > MOST_SAMPLED) {
              throw new AsofError('LIMIT_EXCEEDED', { where: '--sample', problem: `at most ${MOST_SAMPLED} keys` });
            }
            const seed = options.seed === undefined ? randomInt(SEEDS) : parseWholeNumber(options.seed, '--seed');
            const { manifest, bundleHash } = await requireApplied(catalog, project);
            const views = chooseOnlineViews(manifest, names);
            const runtime = runtimeFromBundle(await catalog.definitions.bundle(bundleHash));
            const redis = openRedisClient({ url: redisUrl ?? '', readDeadlineMillis: READ_DEADLINE_MILLIS });
            const verified: Verification[] = [];
            try {
              for (const view of views) {
                const planned = await planWhole(catalog, manifest, view);
                const stores = { project, catalog, lake, engine, redis };
                verified.push(await verifyView(stores, { planned, runtime, sample, seed }));
              }
            } finally {
              await redis.close();
            }
            const ok = verified.every(({ problems }) => problems.length === 0);
            context.terminal.result({ ok, project, seed, sample, views: verified }, draw(verified, ok, seed));
            return ok ? 0 : 1;
          },
          ['catalog', 'redis'],
        ),
      ),
    );
};

/** All features of a view, but those that are not fitted yet: nobody can read them. */
async function planWhole(catalog: Catalog, manifest: Manifest, view: string): Promise<PlannedView> {
  const plan = resolveFeatures(manifest, { features: [view] });
  const [planned] = plan.views as [PlannedView];
  try {
    return fillFits(plan, await catalog.fits.current(manifest.project)).views[0]!;
  } catch (error) {
    if (!(error instanceof AsofError && error.code === 'NOT_FITTED')) throw error;
    const waiting = new Set(fittedFeatures(planned));
    return { ...planned, features: planned.features.filter((feature) => !waiting.has(feature)) };
  }
}

function draw(verified: readonly Verification[], ok: boolean, seed: number): readonly string[] {
  const rows = verified.map((one) => [
    one.view,
    one.state,
    one.position?.to ?? '',
    one.keys ? formatCount(one.keys.redis) : '',
    one.memory ? formatCount(one.memory.bytesPerEntity) : '',
    formatCount(one.sampled),
    one.problems.length === 0 ? 'none' : formatCount(one.problems.length),
  ]);
  return [
    rows.length === 0
      ? 'No view is online.'
      : drawTable(['view', 'state', 'due at', 'keys', 'bytes an entity', 'keys compared', 'problems'], rows),
    ...verified.flatMap((one) => [
      ...one.problems.map((problem) => `${one.view}: ${problem}`),
      ...one.differences.map(
        ({ key, feature, redis, lake }) =>
          `${one.view} ${key.join(', ')}${feature === null ? '' : `: ${feature}`}: ${JSON.stringify(redis)} in Redis, ${JSON.stringify(lake)} by the lake`,
      ),
    ]),
    `Seed ${seed}.`,
    ok ? 'Nothing is wrong.' : 'Make wrong views anew with `asof online rebuild VIEW`.',
  ];
}
