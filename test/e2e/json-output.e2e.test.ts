/** With `--json` every command prints one document on stdout, in success and in failure; `run` and `fail` check that. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillResult, IngestResult, MaterializeResult } from '../../contracts/runs.ts';
import { createInitialProject, type Project } from './support/project.ts';

const RANGE = ['--from', '2024-01-01', '--to', '2024-03-01'];
const SERVICE = ['--service', 'churn_v1'];
const DATASET = ['--spine', 'spine.csv', ...SERVICE];

let project: Project;
beforeAll(async () => {
  project = await createInitialProject();
});
afterAll(() => project.close());

// one life of a project, in order
describe('success', () => {
  it('init', () => {
    expect(readFileSync(project.file('features.ts'), 'utf8')).toContain("from 'asof'");
    expect(readFileSync(project.file('.gitignore'), 'utf8')).toBe('.asof/\n');
  });

  it('config and doctor', async () => {
    expect(await project.run('config')).toMatchObject({
      project: 'shop',
      projectDirectory: project.directory,
      catalogUrl: null,
    });
    const { ok, components } = await project.run<{ ok: boolean; components: readonly object[] }>('doctor');
    expect(ok).toBe(true);
    expect(components.length).toBeGreaterThan(2);
  });

  it('dev', async () => {
    const stack = await project.run<object>('dev', '--detach');
    expect(stack).toMatchObject(project.stack());
  });

  it('plan and apply, and apply again', async () => {
    expect(await project.run('plan')).toMatchObject({ project: 'shop', base: 0 });
    expect(await project.run('apply', '--yes')).toMatchObject({ applied: true, version: 1 });
    expect(await project.run('apply', '--yes')).toMatchObject({ applied: false, version: 1, changes: [] });
  });

  it('ingest, and ingest again', async () => {
    const first = await project.run<IngestResult>('ingest', 'orders');
    expect(first).toMatchObject({
      snapshot: 1,
      inputs: 1,
      rowsIn: 240,
      committed: 240,
      quarantined: 0,
      deduplicated: 0,
    });
    const second = await project.run<IngestResult>('ingest', 'orders');
    expect(second).toMatchObject({ snapshot: 1, inputs: 0, unchangedInputs: 1, rowsIn: 0, committed: 0 });
  });

  it('backfill and what it would do, its status, and its retry', async () => {
    expect(await project.run('backfill', 'latest_order', ...RANGE, '--dry-run')).toMatchObject({
      ...{ intervals: 60, work: 60, states: [{ state: 'missing', intervals: 60 }] },
    });
    const first = await project.run<BackfillResult>('backfill', 'latest_order', ...RANGE);
    expect(first).toMatchObject({ intervals: 60, done: 60, reused: 0, failed: [], rows: 240 });
    expect(await project.run('backfill', 'status', 'latest_order')).toMatchObject({
      view: 'latest_order',
      done: [{ from: '2024-01-01T00:00:00.000000Z', to: '2024-03-01T00:00:00.000000Z' }],
      dirty: [],
      run: { state: 'completed', error: null },
      progress: null,
    });
    expect(await project.run<BackfillResult>('backfill', 'retry', 'latest_order')).toMatchObject({
      done: 0,
      reused: 60,
    });
  });

  it('materialize', async () => {
    const all = await project.run<MaterializeResult>('materialize', '--all');
    expect(all.views.map(({ view, written }) => [view, written])).toEqual([
      ['customer_orders', 12],
      ['latest_order', 12],
    ]);
    const again = await project.run<MaterializeResult>('materialize', 'latest_order');
    expect(again.views).toMatchObject([{ view: 'latest_order', written: 0 }]);
  });

  it('a durable command that does not wait', async () => {
    const { run, workflowId } = await project.run<{ run: string; workflowId: string }>('ingest', 'orders', '--no-wait');
    expect(workflowId).toBe('ingest/shop/orders');
    expect(run).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('historical', async () => {
    const spine = await project.run<{ rows: number; columns: readonly string[] }>(
      'historical',
      ...DATASET,
      '--out',
      'out.parquet',
    );
    expect(spine.rows).toBe(24);
    expect(spine.columns.slice(0, 4)).toEqual([
      'customer_id',
      'event_timestamp',
      'churned',
      'customer_orders__orders_7d',
    ]);
    project.write('customers.csv', 'customer_id\n1\n2\n');
    expect(
      await project.run(
        'historical',
        '--entities',
        'customers.csv',
        ...RANGE,
        '--every',
        '30d',
        ...SERVICE,
        '--out',
        'grid.csv',
      ),
    ).toMatchObject({ rows: 4 });
  });

  it('dataset build, list, show, diff and export', async () => {
    expect(await project.run('dataset', 'build', 'churn', ...DATASET)).toMatchObject({
      name: 'churn',
      version: 1,
      rows: 24,
    });
    expect(await project.run('dataset', 'build', 'churn', ...DATASET)).toMatchObject({ version: 2 });
    const { datasets } = await project.run<{ datasets: readonly object[] }>('dataset', 'list');
    expect(datasets).toMatchObject([
      { name: 'churn', version: 1 },
      { name: 'churn', version: 2 },
    ]);
    expect(await project.run('dataset', 'show', 'churn@1')).toMatchObject({ name: 'churn', version: 1, rows: 24 });
    expect(await project.run('dataset', 'diff', 'churn@1', 'churn@2')).toMatchObject({ equal: true, schema: [] });
    expect(await project.run('dataset', 'export', 'churn@1', '--out', 'churn.jsonl')).toMatchObject({ rows: 24 });
    expect(readFileSync(project.file('churn.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(24);
  });

  it('get', async () => {
    expect(
      await project.run('get', ...SERVICE, '--entity', 'customer_id=1', '--entity', 'customer_id=99'),
    ).toMatchObject({
      metadata: { feature_names: expect.arrayContaining(['customer_id', 'spending__amount_per_order_7d']) as unknown },
    });
  });

  it('search, keys, and describe of an entity', async () => {
    const { results } = await project.run<{ results: readonly object[] }>('search', 'latest', 'order');
    expect(results[0]).toMatchObject({ kind: 'view', name: 'latest_order' });
    const listed = await project.run<{ keys: readonly object[] }>('keys', 'latest_order');
    expect(listed).toMatchObject({ view: 'latest_order', state: 'complete', hashed: 0, complete: true });
    expect(listed.keys).toEqual(Array.from({ length: 12 }, (_, index) => ({ customer_id: index + 1 })));
    expect(await project.run('keys', 'latest_order', '--limit', '5')).toMatchObject({ complete: false });
    expect(await project.run('describe', '--entity', 'customer_id=1')).toMatchObject({
      views: [
        { view: 'customer_orders', state: 'complete', held: true },
        { view: 'latest_order', state: 'complete', held: true },
      ],
    });
    expect(await project.run('describe', '--entity', 'customer_id=99')).toMatchObject({
      views: [{ held: false }, { held: false }],
    });
  });

  it.each(['orders', 'customer_orders', 'customer', 'churn_v1', 'spending'])('describe %s', async (name) => {
    expect(await project.run('describe', name)).toMatchObject({ definition: { name }, definitionsVersion: 1 });
  });

  it('fsck and gc', async () => {
    expect(await project.run('fsck')).toMatchObject({ ok: true, problems: [] });
    expect(await project.run('gc', '--dry-run', '--grace', '0')).toMatchObject({ dryRun: true });
    expect(await project.run('gc', '--grace', '0')).toMatchObject({ dryRun: false });
    expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [], orphans: [] });
  });
});

describe('failure', () => {
  it.each<readonly [number, string, readonly string[]]>([
    [2, 'USAGE', ['nothing']],
    [2, 'USAGE', ['init', '.']],
    [2, 'USAGE', ['dev', '--with', 'everything']],
    [2, 'USAGE', ['ingest']],
    [2, 'UNKNOWN_NAME', ['ingest', 'nothing']],
    [2, 'INVALID_VALUE', ['ingest', 'orders', '--from', 'yesterday']],
    [2, 'INVALID_RANGE', ['ingest', 'orders', '--from', '2024-02-01', '--to', '2024-01-01']],
    [2, 'USAGE', ['backfill', 'latest_order']],
    [2, 'UNKNOWN_NAME', ['backfill', 'nothing', ...RANGE]],
    [2, 'INVALID_VALUE', ['backfill', 'latest_order', ...RANGE, '--chunk', 'daily']],
    [1, 'CONFLICT', ['backfill', 'pause', 'latest_order']],
    [1, 'CONFLICT', ['backfill', 'retry', 'customer_orders']],
    [2, 'USAGE', ['materialize']],
    [2, 'UNKNOWN_NAME', ['materialize', 'nothing']],
    [2, 'USAGE', ['historical', ...SERVICE, '--out', 'x.csv']],
    [2, 'UNKNOWN_NAME', ['historical', '--spine', 'spine.csv', '--service', 'nothing', '--out', 'x.csv']],
    [2, 'INVALID_VALUE', ['historical', ...DATASET, '--out', 'x.xls']],
    [1, 'INPUT_NOT_FOUND', ['historical', '--spine', 'nothing.csv', ...SERVICE, '--out', 'x.csv']],
    [2, 'INVALID_VALUE', ['dataset', 'build', 'churn', '--spine', 'spine.csv']],
    [1, 'INPUT_NOT_FOUND', ['dataset', 'build', 'churn', '--spine', 'nothing.csv', ...SERVICE]],
    [2, 'UNKNOWN_NAME', ['dataset', 'show', 'churn@9']],
    [2, 'UNKNOWN_NAME', ['dataset', 'diff', 'churn@1', 'other@1']],
    [2, 'UNKNOWN_NAME', ['dataset', 'export', 'other', '--out', 'x.csv']],
    [2, 'USAGE', ['get', ...SERVICE]],
    [2, 'INVALID_VALUE', ['get', ...SERVICE, '--entity', 'customer_id=one']],
    [2, 'UNKNOWN_NAME', ['get', ...SERVICE, '--entity', 'customer=1']],
    [2, 'UNKNOWN_NAME', ['describe', 'nothing']],
    [2, 'USAGE', ['describe']],
    [2, 'UNKNOWN_NAME', ['describe', '--entity', 'customer=1']],
    [2, 'INVALID_VALUE', ['describe', '--entity', 'customer_id=one']],
    [2, 'USAGE', ['search']],
    [2, 'UNKNOWN_NAME', ['search', '--entity', 'nobody']],
    [2, 'UNKNOWN_NAME', ['keys', 'nothing']],
    [2, 'USAGE', ['keys', 'latest_order', '--limit', 'many']],
    [2, 'USAGE', ['gc', '--grace', 'soon']],
    [2, 'PROJECT_NOT_FOUND', ['-C', '/', 'plan']],
  ])('exit %i, %s: %j', async (exitCode, code, command) => {
    const error = await project.fail(exitCode, ...command);
    expect(error.code, error.message).toBe(code);
  });
});

it('down', async () => {
  const { stopped } = await project.run<{ stopped: readonly string[] }>('down');
  expect(stopped).toHaveLength(7);
});
