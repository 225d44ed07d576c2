/** Projects on disk: settings, bundles, and what goes wrong with files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AsofError, type ErrorDetails } from '../../../contracts/errors.ts';
import { loadDefinitions, loadSettings, runtimeFromBundle } from '../../../definitions/loading.ts';
import { Timestamp } from '../../../index.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'asof-loading-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const CONFIG = `import { defineConfig } from 'asof';
export default defineConfig({ project: 'shop', definitions: 'features.ts' });`;

const CLOCK = `import { boolean, derivedView, requestSource } from 'asof';
import { isWeekend } from './calendar.ts';
export const request = requestSource('request', { schema: { at: 'timestamp' } });
export const clock = derivedView('clock', {
  inputs: [request],
  features: { is_weekend: boolean() },
  compute: (_inputs, { at }) => ({ is_weekend: isWeekend(at) }),
});`;

const CALENDAR = `import { strictEqual } from 'node:assert';
export function isWeekend(at: { getUTCDay(): number }): boolean {
  strictEqual(typeof at.getUTCDay(), 'number');
  return at.getUTCDay() % 6 === 0;
}`;

async function writeProject(files: Readonly<Record<string, string>>, directory = root): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
  return directory;
}

async function failureOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly details: ErrorDetails }> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof AsofError)) throw new Error('no AsofError was thrown', { cause: error });
  return { code: error.code, details: error.details };
}

describe('loadSettings', () => {
  it('completes a minimal config with the embedded defaults', async () => {
    const directory = await writeProject({ 'asof.config.ts': CONFIG });
    const { engine, ...settings } = await loadSettings({ directory, environment: {} });
    expect(engine.memoryLimit).toBe('2GB');
    expect(settings).toEqual({
      projectDirectory: directory,
      stateDirectory: path.join(directory, '.asof'),
      project: 'shop',
      definitions: [path.join(directory, 'features.ts')],
      lake: path.join(directory, '.asof/lake'),
      catalogUrl: null,
      redisUrl: null,
      temporal: { address: null, namespace: 'default' },
      kafkaBrokers: null,
      s3: { endpoint: null, region: 'us-east-1', forcePathStyle: false, credentialsFile: null },
      lakeCache: { directory: path.join(directory, '.asof', 'cache'), bytes: 10_000_000_000 },
      spark: { url: null, autoAboveBytes: 64_000_000_000 },
      worker: { version: null, memoryLimitBytes: null, metricsAddress: null },
    });
  });

  it('finds the config in the nearest parent', async () => {
    await writeProject({ 'asof.config.ts': CONFIG, 'a/b/note.txt': '' });
    expect((await loadSettings({ directory: path.join(root, 'a/b'), environment: {} })).projectDirectory).toBe(root);
  });

  it('takes payload keys from the environment or a file, and shows none of them', async () => {
    await writeFile(path.join(root, 'asof.config.ts'), CONFIG);
    await writeFile(path.join(root, 'features.ts'), '');
    const key = Buffer.alloc(32, 3).toString('base64');
    await writeFile(path.join(root, 'keys'), `two:${key}\none:${key}\n`);
    const load = (environment: NodeJS.ProcessEnv) => loadSettings({ directory: root, environment });
    const given = await load({ ASOF_PAYLOAD_KEYS: `one:${key}` });
    expect(JSON.stringify(given.temporal)).toContain('"payloadKeys":{"writes":"one","reads":["one"]}');
    expect(JSON.stringify(given)).not.toContain(key);
    const { temporal } = await load({ ASOF_PAYLOAD_KEYS_FILE: 'keys' });
    expect(temporal.payloadKeys?.reads).toEqual(['two', 'one']);
    await expect(load({ ASOF_PAYLOAD_KEYS_FILE: 'nowhere' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(load({})).resolves.toMatchObject({ temporal: { payloadKeys: undefined } });
  });

  it('lets the environment override the config', async () => {
    const config = `export default { project: 'shop', definitions: 'features.ts', redis: 'redis://config',
      kafka: { brokers: ['config:9092'] }, lake: 'warehouse', s3: { cacheSize: '5MB' } };`;
    const directory = await writeProject({ 'asof.config.ts': config });
    const environment = {
      REDIS_URL: 'redis://environment',
      ASOF_LAKE_URL: 's3://bucket/lake/',
      ASOF_CATALOG_URL: 'postgres://environment',
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'shop',
      KAFKA_BROKERS: 'one:9092, two:9092',
      S3_ENDPOINT: 'http://localhost:9000',
      ASOF_LAKE_CACHE: 'fast-disk',
      ASOF_LAKE_CACHE_SIZE: '2GiB',
      ASOF_MEMORY_LIMIT: '512MB',
      ASOF_THREADS: '3',
      ASOF_SPILL_LIMIT: '50GB',
      ASOF_QUERY_TIMEOUT: '90s',
    };
    expect(await loadSettings({ directory, environment })).toMatchObject({
      redisUrl: 'redis://environment',
      lake: 's3://bucket/lake',
      catalogUrl: 'postgres://environment',
      temporal: { address: 'temporal:7233', namespace: 'shop' },
      kafkaBrokers: ['one:9092', 'two:9092'],
      s3: { endpoint: 'http://localhost:9000', forcePathStyle: true },
      lakeCache: { directory: path.join(directory, 'fast-disk'), bytes: 2 ** 31 },
      engine: { memoryLimit: '512MB', threads: 3, spillLimit: '50GB', queryMillis: 90_000 },
    });
    expect(await loadSettings({ directory, environment: { REDIS_URL: '' } })).toMatchObject({
      redisUrl: 'redis://config',
      lake: path.join(directory, 'warehouse'),
      kafkaBrokers: ['config:9092'],
      lakeCache: { bytes: 5_000_000 },
    });
    const unreadable = loadSettings({ directory, environment: { ASOF_LAKE_CACHE_SIZE: 'plenty' } });
    await expect(unreadable).rejects.toMatchObject({ code: 'USAGE' });
    for (const environment of [{ ASOF_SPILL_LIMIT: 'plenty' }, { ASOF_QUERY_TIMEOUT: '5' }]) {
      await expect(loadSettings({ directory, environment })).rejects.toMatchObject({ code: 'USAGE' });
    }
  });

  it('expands globs, sorted and without repeats', async () => {
    const config = `export default { project: 'shop', definitions: ['views/**/*.ts', 'views/a.ts', '{x,y}.ts'] };`;
    const names = ['views/b/c.ts', 'views/a.ts', 'views/readme.md', 'y.ts', 'z.ts', 'views/node_modules/m.ts'];
    const directory = await writeProject({
      'asof.config.ts': config,
      ...Object.fromEntries(names.map((name) => [name, ''])),
    });
    const { definitions } = await loadSettings({ directory, environment: {} });
    expect(definitions.map((file) => path.relative(root, file))).toEqual(['views/a.ts', 'views/b/c.ts', 'y.ts']);
  });

  it('says that there is no project', async () => {
    expect(await failureOf(loadSettings({ directory: root, environment: {} }))).toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      details: { directory: root },
    });
  });

  it.each([
    [
      'a misspelt option',
      `{ project: 'shop', definitons: 'a.ts' }`,
      /unknown option definitons; did you mean "definitions"\?/,
    ],
    [
      'a misspelt inner option',
      `{ project: 'a', definitions: 'a.ts', s3: { region: 'x', endpont: 'y' } }`,
      /unknown option s3.endpont/,
    ],
    ['a bad project name', `{ project: 'my shop', definitions: 'a.ts' }`, /project is "my shop"; a name starts with/],
    ['no definitions', `{ project: 'shop' }`, /definitions is missing/],
    ['a value of another type', `{ project: 'shop', definitions: 'a.ts', redis: 6379 }`, /redis is 6379; give a text/],
    ['no object', 'undefined', /no default export/],
    ['a syntax error', '{', /line 1: /],
  ])('refuses %s', async (_title, text, problem) => {
    const directory = await writeProject({ 'asof.config.ts': `export default ${text};` });
    const failure = await failureOf(loadSettings({ directory, environment: {} }));
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(failure.details.problem).toMatch(problem);
  });

  it('refuses a number of threads that is none', async () => {
    const directory = await writeProject({ 'asof.config.ts': CONFIG });
    expect((await failureOf(loadSettings({ directory, environment: { ASOF_THREADS: 'all' } }))).code).toBe('USAGE');
  });
});

describe('loadDefinitions', () => {
  const load = async (files: Readonly<Record<string, string>>, directory = root) => {
    await writeProject({ 'asof.config.ts': CONFIG, ...files }, directory);
    return loadDefinitions(await loadSettings({ directory, environment: {} }));
  };
  const saturday = { at: Timestamp.from('2024-01-06T00:00:00Z') };

  it('gives manifest, bundle and runtime of a project without any installation', async () => {
    const { manifest, bundle, runtime } = await load({ 'features.ts': CLOCK, 'calendar.ts': CALENDAR });
    expect(manifest.views.map(({ name }) => name)).toEqual(['clock']);
    expect(runtime.compute('clock', {}, saturday)).toEqual({ is_weekend: true });
    expect(runtimeFromBundle(bundle.code).compute('clock', {}, saturday)).toEqual({ is_weekend: true });
  });

  it('gives the same bundle in every directory', async () => {
    const files = { 'features.ts': CLOCK, 'calendar.ts': CALENDAR };
    const one = await load(files, path.join(root, 'one'));
    const two = await load(
      { ...files, 'tsconfig.json': '{ "compilerOptions": { "target": "ES5" } }' },
      path.join(root, 'a/two'),
    );
    expect(two.bundle).toEqual(one.bundle);
    expect(one.bundle.code).not.toContain(root);
    expect(two.manifest.views).toEqual(one.manifest.views);
  });

  it('moves the version of a derived view with the modules that its function imports, and with no others', async () => {
    const versionWith = async (name: string, files: Readonly<Record<string, string>>): Promise<string | undefined> => {
      const { manifest } = await load(
        { 'features.ts': CLOCK, 'calendar.ts': CALENDAR, ...files },
        path.join(root, name),
      );
      return manifest.views[0]?.fingerprint;
    };
    const version = await versionWith('base', {});
    expect(version).toBeTypeOf('string');
    expect(await versionWith('changed', { 'calendar.ts': CALENDAR.replace('% 6', '% 5') })).not.toBe(version);
    expect(await versionWith('beside', { 'other.ts': 'export const other = 1;' })).toBe(version);
    expect(
      await versionWith('with', {
        'features.ts': `import './other.ts';\n${CLOCK}`,
        'other.ts': 'export const other = 1;',
      }),
    ).toBe(version);
  });

  it('takes definitions from several files, and names the file of a mistake', async () => {
    const config = `export default { project: 'shop', definitions: 'views/*.ts' };`;
    const wrong = `import { entity } from 'asof'; export const user = entity('user', { keys: {} });`;
    await writeProject({ 'asof.config.ts': config, 'views/clock.ts': CLOCK, 'views/calendar.ts': CALENDAR });
    const settings = await loadSettings({ directory: root, environment: {} });
    expect((await loadDefinitions(settings)).manifest.views.map(({ name }) => name)).toEqual(['clock']);
    await writeProject({ 'views/users.ts': wrong });
    const failure = await failureOf(loadDefinitions(await loadSettings({ directory: root, environment: {} })));
    expect(failure).toMatchObject({
      code: 'DEFINITIONS_INVALID',
      details: { file: 'views/users.ts', place: 'entity user' },
    });
  });

  it('reaches what exported definitions use', async () => {
    const text = `import { count, entity, featureService, featureView, fileSource } from 'asof';
      const user = entity('user', { keys: { id: 'int64' } });
      const events = fileSource('events', { path: 'e.csv', timestamp: 'at', schema: { at: 'timestamp', id: 'int64', ref: 'int64' } });
      const view = featureView('view', { entities: [user], source: events, features: { n: count({ window: '1h' }) } });
      export const service = featureService('service', { features: [view, view.as('referrer', { id: 'ref_id' }).pick('n')] });`;
    const { manifest } = await load({ 'features.ts': text });
    expect(manifest.sources[0]).toMatchObject({ name: 'events', path: path.join(root, 'e.csv'), format: 'csv' });
    expect(manifest.aliases).toEqual([{ name: 'referrer', view: 'view', keyColumns: { id: 'ref_id' } }]);
    expect(manifest.services[0]?.features.map(({ as }) => as)).toEqual(['view', 'referrer']);
  });

  it.each([
    ['a syntax error', 'export const = 1;', 'features.ts', /^line 1: /],
    ['a missing import', `import './missing.ts';`, 'features.ts', /Could not resolve "\.\/missing\.ts"/],
    ['an unknown package', `import 'left-pad-of-nobody';`, 'features.ts', /Could not resolve/],
    [
      'an exception',
      `\n\nexport const x: string = (() => { throw new Error('broken'); })();`,
      'features.ts',
      /^broken$/,
    ],
    ['an exit', `process.exit(0);`, 'features.ts', /^process\.exit is not for definitions/],
    [
      'a misspelt builder',
      `import { featureVeiw } from 'asof'; export const view = featureVeiw('a', {});`,
      'features.ts',
      /asof has no "featureVeiw"; known: featureView/,
    ],
  ])('says where %s is', async (_title, text, file, problem) => {
    const failure = await failureOf(load({ 'features.ts': text }));
    expect(failure).toMatchObject({ code: 'DEFINITIONS_UNLOADABLE', details: { file } });
    expect(failure.details.problem).toMatch(problem);
  });

  it('says that a file or any file is missing', async () => {
    expect((await failureOf(load({}))).details.problem).toBe('definitions: there is no file ./features.ts');
    const config = `export default { project: 'shop', definitions: 'views/*.ts' };`;
    expect((await failureOf(load({ 'asof.config.ts': config }))).details.problem).toBe('definitions match no file');
  });
});
