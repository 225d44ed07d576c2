/** The development stack from outside: beside others, before any definitions, after a crash, and not at all. */
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { PROCESS_NAMES, type DevStack, type ProcessName } from '../../contracts/config.ts';
import { findProcessesOf } from './support/leftovers.ts';
import { createInitialProject, type Project } from './support/project.ts';

type Started = DevStack & { readonly started: readonly ProcessName[] };

const projects: Project[] = [];
const openProject = async (name?: string): Promise<Project> => {
  const project = await createInitialProject(name);
  projects.push(project);
  return project;
};
afterEach(async () => {
  for (const project of projects.splice(0)) await project.close();
});

/** Takes the port, unless someone has it already. */
async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

function addressesOf({ api, temporal, redis, catalog }: DevStack): readonly string[] {
  return [api.url, `http://${temporal.address}`, temporal.ui, redis.url, catalog.url].map((url) => new URL(url).host);
}

describe('asof dev', () => {
  it('runs beside another stack and whoever has the default ports', async () => {
    const squatter = await occupy(8080);
    const [one, two] = [await openProject(), await openProject()];
    const [first, second] = await Promise.all([
      one.run<Started>('dev', '--detach'),
      two.run<Started>('dev', '--detach'),
    ]);
    squatter.close();
    const addresses = [...addressesOf(first), ...addressesOf(second)];
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses).not.toContain('127.0.0.1:8080');

    await one.run('apply', '--yes');
    expect(await one.run('plan')).toMatchObject({ changes: [] });
    expect((await two.fail(2, 'describe', 'orders')).code).toBe('NOTHING_APPLIED');

    await two.run('down');
    expect(findProcessesOf(two.directory)).toEqual([]);
    expect((await fetch(`${first.api.url}/ready`)).status).toBe(200);
  });

  it('starts what is missing, and nothing else', async () => {
    const project = await openProject();
    const first = await project.run<Started>('dev', '--detach');
    expect([...first.started].sort()).toEqual([...PROCESS_NAMES].sort());
    expect(project.stack().processes).toEqual(first.processes);

    const victims: readonly ProcessName[] = ['worker-serving', 'api'];
    for (const name of victims) process.kill(project.pidOf(name), 'SIGKILL');
    const second = await project.run<Started>('dev', '--detach');
    expect([...second.started].sort()).toEqual([...victims].sort());
    const untouched = ({ processes }: DevStack) => processes.filter(({ name }) => !victims.includes(name));
    expect(untouched(second)).toEqual(untouched(first));
    expect((await fetch(`${second.api.url}/ready`)).status).toBe(200);
    expect((await project.run<Started>('dev', '--detach')).started).toEqual([]);
  });

  it('may run before apply, which everything learns of without a restart', async () => {
    const project = await openProject();
    const stack = await project.run<Started>('dev', '--detach');
    const read = async (features: string): Promise<number> => {
      const body = JSON.stringify({ features: [features], entities: { customer_id: [1] } });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${stack.api.url}/v1/online-features`, { method: 'POST', headers, body })).status;
    };
    expect(await read('latest_order')).toBe(404);
    await project.run('apply', '--yes');
    await expectSoon(() => read('latest_order'), 200);
    expect(await project.run('ingest', 'orders')).toMatchObject({ committed: 240 });

    const definitions = `import { featureView, numeric } from 'asof';
import { customer, orders } from './features.ts';
export const amounts = featureView('amounts', {
  entities: [customer], source: orders, online: true, features: { amount: numeric() },
});
`;
    project.write('more.ts', definitions);
    project.write(
      'asof.config.ts',
      "import { defineConfig } from 'asof';\nexport default defineConfig({ project: 'shop', definitions: ['features.ts', 'more.ts'] });\n",
    );
    await project.run('apply', '--yes');
    await expectSoon(() => read('amounts'), 200);
    const { views } = await project.run<{ views: readonly { written: number }[] }>('materialize', 'amounts');
    expect(views[0]!.written).toBeGreaterThan(0);
    expect(project.stack().processes).toEqual(stack.processes);
  });
});

describe('asof down', () => {
  it('leaves no process and keeps the data', async () => {
    const project = await openProject();
    await project.run('dev', '--detach');
    await project.run('apply', '--yes');
    await project.run('ingest', 'orders');
    const before = await project.run('describe', 'orders');
    const { stopped } = await project.run<{ stopped: readonly ProcessName[] }>('down');
    expect([...stopped].sort()).toEqual([...PROCESS_NAMES].sort());
    expect(findProcessesOf(project.directory)).toEqual([]);
    expect(await project.run('down')).toEqual({ stopped: [] });
    expect(await project.run('describe', 'orders')).toEqual(before);
  });
});

describe('without a stack', () => {
  it('a command starts what it needs and stops it, in a directory of any name', async () => {
    const project = await openProject('it\'s a "directory" [of] *any* {name}, café');
    await project.run('apply', '--yes');
    expect(findProcessesOf(project.directory)).toEqual([]);
    expect(await project.run('ingest', 'orders')).toMatchObject({ committed: 240 });
    expect(findProcessesOf(project.directory)).toEqual([]);
    expect(
      await project.run('historical', '--spine', 'spine.csv', '--service', 'churn_v1', '--out', 'out.csv'),
    ).toMatchObject({ rows: 24 });
    expect(findProcessesOf(project.directory)).toEqual([]);
  });
});

/** Asks until the answer is the expected one; an answer that never comes is the test's time limit. */
async function expectSoon<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  while ((await ask()) !== expected) await sleep(100);
}
