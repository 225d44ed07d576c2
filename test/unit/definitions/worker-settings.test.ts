import { describe, expect, it } from 'vitest';
import { workerSettings } from '../../../definitions/loading/worker-settings.ts';

function read(environment: Readonly<Record<string, string>>) {
  return workerSettings((name) => environment[name]);
}

describe('the version of a worker', () => {
  it('is none without a build, and a build of the deployment asof otherwise', () => {
    expect(read({}).version).toBeNull();
    expect(read({ ASOF_DEPLOYMENT: 'eu' }).version).toBeNull();
    expect(read({ ASOF_BUILD_ID: '1.4.0-3f9c2ab' }).version).toEqual({ deployment: 'asof', buildId: '1.4.0-3f9c2ab' });
    expect(read({ ASOF_BUILD_ID: '7', ASOF_DEPLOYMENT: 'eu' }).version).toEqual({ deployment: 'eu', buildId: '7' });
  });

  it.each([
    { ASOF_BUILD_ID: 'a:b' },
    { ASOF_BUILD_ID: 'with space' },
    { ASOF_BUILD_ID: '.' },
    { ASOF_BUILD_ID: 'x'.repeat(101) },
    { ASOF_BUILD_ID: '1', ASOF_DEPLOYMENT: 'asof.eu' },
  ] as Readonly<Record<string, string>>[])(
    'that the server could not tell from others is refused: %j',
    (environment) => {
      expect(() => read(environment)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

describe('the memory limit of a worker', () => {
  it('is a size, and none by default', () => {
    expect(read({}).memoryLimitBytes).toBeNull();
    expect(read({ ASOF_WORKER_MEMORY_LIMIT: '6GB' }).memoryLimitBytes).toBe(6e9);
    const wrong = { ASOF_WORKER_MEMORY_LIMIT: 'plenty' };
    expect(() => read(wrong)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('the address of metrics', () => {
  it.each([
    ['9464', '127.0.0.1:9464'],
    ['0.0.0.0:9464', '0.0.0.0:9464'],
    ['[::1]:9464', '[::1]:9464'],
  ])('%s is %s', (text, address) => {
    expect(read({ ASOF_METRICS_ADDRESS: text }).metricsAddress).toBe(address);
  });

  it.each(['on', '0', '70000', 'localhost:9464', '9464:127.0.0.1'])('%s is refused', (text) => {
    const wrong = { ASOF_METRICS_ADDRESS: text };
    expect(() => read(wrong)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('is none by default', () => expect(read({}).metricsAddress).toBeNull());
});
