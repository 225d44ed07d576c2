/** Definitions that change under stored rows and old datasets, by the command line alone. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProject, type Project } from './support/project.ts';

interface ShownDataset {
  readonly version: number;
  readonly files: readonly { readonly checksum: string }[];
}

interface Plan {
  readonly destructive: readonly string[];
}

const definitions = (columns: string, features: string): string => `
import { count, entity, featureView, fileSource, numeric, sum } from 'asof';

export const shop = entity('shop', { keys: { shop: 'string' } });
export const sales = fileSource('sales', {
  path: 'data/*.csv', timestamp: 'at', schema: { at: 'timestamp', shop: 'string', ${columns} },
});
export const totals = featureView('totals', { entities: [shop], source: sales, features: {
  n_2d: count({ window: '2d' }), amount_2d: sum('amount', { window: '2d' }),
} });
export const latest = featureView('latest', { entities: [shop], source: sales, features: { ${features} } });
`;
const FIRST = definitions(`amount: 'float64'`, 'amount: numeric()');
const WIDER = definitions(`amount: 'float64', tip: 'float64'`, 'amount: numeric(), tip: numeric()');
const NARROWER = definitions(`amount: 'int64'`, 'amount: numeric()');

let project: Project;
beforeAll(async () => {
  project = createProject();
  project.write('asof.config.ts', `export default { project: 'sales', definitions: 'features.ts' };`);
  project.write('features.ts', FIRST);
  project.write(
    'data/a.csv',
    'at,shop,amount\n2024-01-01T10:00Z,x,1.5\n2024-01-02T10:00Z,x,2.5\n2024-01-02T11:00Z,y,4.25\n',
  );
  project.write('spine.csv', 'event_timestamp,shop\n2024-01-02T00:00Z,x\n2024-01-03T00:00Z,x\n2024-01-03T00:00Z,y\n');
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
  await project.run('ingest', 'sales');
});
afterAll(() => project.close());

const build = ['dataset', 'build', 'old', '--spine', 'spine.csv', '--features', 'totals,latest'];
const checksums = async (version: string): Promise<readonly string[]> =>
  (await project.run<ShownDataset>('dataset', 'show', version)).files.map(({ checksum }) => checksum);

async function historical(features: string): Promise<readonly string[]> {
  await project.run('historical', '--spine', 'spine.csv', '--features', features, '--out', 'out.csv');
  return readFileSync(project.file('out.csv'), 'utf8').trimEnd().split('\n').slice(1);
}

it(
  'a column that is added costs nothing, one that is narrowed must be allowed, and old datasets are built again',
  { timeout: 600_000 },
  async () => {
    await project.run(...build);
    const first = await checksums('old@1');

    // added: null in the rows from before, without a flag
    project.write('features.ts', WIDER);
    expect((await project.run<Plan>('plan')).destructive).toEqual([]);
    await project.run('apply', '--yes');
    project.write('data/b.csv', 'at,shop,amount,tip\n2024-01-02T12:00Z,x,8.5,0.5\n');
    await project.run('ingest', 'sales');
    expect(await historical('latest')).toEqual([
      '2024-01-02T00:00Z,x,1.5,',
      '2024-01-03T00:00Z,x,8.5,0.5',
      '2024-01-03T00:00Z,y,4.25,',
    ]);
    expect(await project.run('dataset', 'rebuild', 'old@1')).toMatchObject({ version: 2 });
    expect(await checksums('old@2')).toEqual(first);

    // narrowed and removed: refused, and nothing has changed
    project.write('features.ts', NARROWER);
    const { destructive } = await project.run<Plan>('plan');
    expect(destructive).toContain('source sales: column amount changes from float64 to int64');
    expect(destructive).toContain('source sales: column tip is removed');
    expect((await project.fail(2, 'apply', '--yes')).code).toBe('DESTRUCTIVE_CHANGE');
    expect(await project.run('describe', 'latest')).toMatchObject({ definitionsVersion: 2 });

    await project.run('apply', '--yes', '--allow-destructive');
    project.write('data/c.csv', 'at,shop,amount\n2024-01-02T13:00Z,y,7\n');
    await project.run('ingest', 'sales');
    expect(await historical('latest')).toEqual([
      '2024-01-02T00:00Z,x,2',
      '2024-01-03T00:00Z,x,8',
      '2024-01-03T00:00Z,y,7',
    ]);

    await project.run('maintain', '--retention-days', '0', '--grace-days', '0');
    expect(await project.run('dataset', 'rebuild', 'old@1')).toMatchObject({ version: 3 });
    expect(await checksums('old@3')).toEqual(first);
    expect(await project.run('dataset', 'verify', 'old@1')).toMatchObject({ equal: true, rows: 3 });
    expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [] });
  },
);

it('what the table takes is told, and measured on request', { timeout: 300_000 }, async () => {
  const plain = await project.run<Record<string, unknown>>('describe', 'sales');
  expect(plain).toMatchObject({ rows: 5, smallFiles: expect.any(Number) as number });
  expect(plain).not.toHaveProperty('overhead');
  const { overhead, bytes } = await project.run<{ overhead: number; bytes: number }>('describe', 'sales', '--measure');
  // five rows in files of a thousand bytes each
  expect(bytes).toBeGreaterThan(0);
  expect(overhead).toBeGreaterThan(0.1);
});
