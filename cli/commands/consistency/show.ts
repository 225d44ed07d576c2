import type { ConsistencyExample, ConsistencyReport, ServedSample } from '../../../contracts/consistency.ts';
import type { Register } from '../../main.ts';
import { withCatalog } from '../../project.ts';
import { drawFeatures } from './feature-table.ts';

type ShownExample = ConsistencyExample & { readonly entity: ServedSample['entities'] | null };

export const registerShow: Register = (consistency, run) => {
  consistency
    .command('show')
    .description('what the last check found, with the first values that differ and whose they are')
    .action(() =>
      run((context) =>
        withCatalog(context, async ({ settings: { project }, catalog }) => {
          const report = await catalog.consistency.newestReport(project);
          if (report === undefined) {
            context.terminal.result({ report: null }, 'Nothing was checked yet: `asof consistency check`.');
            return;
          }
          const ids = [...new Set(report.examples.map(({ sample }) => BigInt(sample)))];
          const logged = await catalog.consistency.samplesById(project, ids);
          const entities = new Map(logged.map(({ id, sample }) => [id.toString(), sample.entities]));
          const examples = report.examples.map((one) => ({ ...one, entity: entities.get(one.sample) ?? null }));
          context.terminal.result({ report: { ...report, examples } }, draw(report, examples));
        }),
      ),
    );
};

function draw(report: ConsistencyReport, examples: readonly ShownExample[]): readonly string[] {
  const { checkedAt, since, until, vectors, waiting, unreadable, features } = report;
  return [
    features.length === 0 ? 'No vector was sampled.' : drawFeatures(features),
    `Checked ${checkedAt}: ${vectors} vectors from ${since} to ${until}, ${waiting} waiting, ${unreadable} unreadable.`,
    ...examples.map(describeExample),
  ];
}

function describeExample({ view, feature, at, entity, served, lake, servedFrom }: ShownExample): string {
  const whose = entity === null ? 'a key that is no longer kept' : describeKeys(entity);
  return `${view}:${feature} of ${whose} at ${at}: ${JSON.stringify(served)} from ${servedFrom}, ${JSON.stringify(lake)} by the lake`;
}

function describeKeys(entity: ServedSample['entities']): string {
  return Object.entries(entity)
    .map(([column, key]) => `${column}=${String(key)}`)
    .join(', ');
}
