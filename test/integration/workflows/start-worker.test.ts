import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { startWorker } from '../../../workers/start-worker.ts';
import { installTemporalRuntime } from '../../../workers/temporal-runtime.ts';
import { settingsFor } from '../../support/settings.ts';
import { createDatabase, createNamespace, temporaryDirectory, testStack } from '../../support/stack.ts';

const directory = temporaryDirectory();
afterEach(() => vi.unstubAllEnvs());

it('writes its ready file once it polls, ends when asked twice, and takes the file away', async () => {
  installTemporalRuntime('ERROR');
  const database = await createDatabase();
  const readyFile = path.join(directory.path, 'serving.ready');
  vi.stubEnv('ASOF_READY_FILE', readyFile);
  const settings = settingsFor(directory.path, {
    catalogUrl: database.url,
    redisUrl: testStack().redisUrl,
    temporal: { address: testStack().temporalAddress, namespace: await createNamespace() },
  });
  const worker = await startWorker('serving', settings);
  expect(existsSync(readyFile)).toBe(false);
  const running = worker.run();
  await expect.poll(() => existsSync(readyFile)).toBe(true);
  expect(readFileSync(readyFile, 'utf8')).toBe(`${process.pid}\n`);
  worker.shutdown();
  worker.shutdown();
  await running;
  expect(existsSync(readyFile)).toBe(false);
  await database.drop();
});

it('says which address is missing, and which server does not answer', async () => {
  installTemporalRuntime('ERROR');
  await expect(startWorker('serving', settingsFor(directory.path))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'worker: no address is given; set TEMPORAL_ADDRESS',
  });
  const nowhere = settingsFor(directory.path, { temporal: { address: '127.0.0.1:1', namespace: 'default' } });
  await expect(startWorker('orchestration', nowhere)).rejects.toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
    details: { address: '127.0.0.1:1' },
  });
});
