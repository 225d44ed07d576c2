import { defineConfig } from 'vitest/config';

// read once, at the first use of libuv's pool: the test processes must be born with it
process.env['UV_THREADPOOL_SIZE'] ??= '16';

const SECOND = 1_000;

/** PostgreSQL, Redis and Temporal, once for all projects that run. */
const SERVERS = './test/global-setup.ts';

/** A kind of test. Temporal's native code crashes in worker threads: every kind runs in processes. */
function project(name: string, include: string[], timeoutMillis: number, ...globalSetup: string[]) {
  return {
    extends: true as const,
    test: {
      name,
      include,
      testTimeout: timeoutMillis,
      hookTimeout: Math.max(timeoutMillis, 120 * SECOND),
      globalSetup,
    },
  };
}

/** A long run is as long as it was asked to be, with room to settle; so is a long backfill, at a slow ten intervals a second. */
function chaosTimeout(): number {
  const minutes = Number(process.env['ASOF_CHAOS_MINUTES'] ?? process.env['ASOF_SOAK_MINUTES'] ?? 0);
  const intervals = Number(process.env['ASOF_CHAOS_INTERVALS'] ?? 0);
  return (minutes * 60 + intervals / 10 + 600) * SECOND;
}

export default defineConfig({
  test: {
    pool: 'forks',
    // vitest's own is a second, which a busy machine needs for less
    expect: { poll: { timeout: 30 * SECOND } },
    maxWorkers: 2,
    // the servers of the run are stopped properly, which takes its time on a busy machine
    teardownTimeout: 60 * SECOND,
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/architecture.test.ts'], 15 * SECOND),
      project('property', ['test/property/**/*.property.test.ts'], 60 * SECOND),
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: { enabled: true, only: true, include: ['test/types/**/*.test-d.ts'], ignoreSourceErrors: true },
        },
      },
      project('workflow', ['test/workflow/**/*.test.ts'], 60 * SECOND, SERVERS),
      project('replay', ['test/replay/**/*.test.ts'], 60 * SECOND),
      project('integration', ['test/integration/**/*.test.ts', '!test/integration/spark/**'], 60 * SECOND, SERVERS),
      // a Spark takes a core and a gigabyte: not beside other tests
      project('spark', ['test/integration/spark/*.test.ts'], 300 * SECOND, SERVERS, './test/spark-setup.ts'),
      // workers that are killed and frozen, and tests that wait out their timeouts: not beside other tests
      project('chaos', ['test/chaos/**/*.test.ts'], chaosTimeout(), SERVERS),
      project('e2e', ['test/e2e/**/*.e2e.test.ts'], 300 * SECOND, './test/e2e/support/prepare-flights.ts'),
    ],
  },
});
