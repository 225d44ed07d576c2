/** The table of cases and the other tests of values, word for word, with every view computed by Spark. */
import { afterAll, beforeAll, vi } from 'vitest';
import { openSpark } from '../../../engine/spark/thrift-spark.ts';
import { startSparkServer, type SparkServer } from '../../support/spark-server.ts';
import { retrieveBySpark } from '../offline/offline-fixture.ts';

// a job of Spark's takes seconds where others run beside it; a test takes its timeout when it is defined
vi.setConfig({ testTimeout: 900_000 });

let server: SparkServer;
beforeAll(async () => {
  server = await startSparkServer();
  retrieveBySpark({ spark: openSpark(server.url), autoAboveBytes: 0 });
}, 600_000);
afterAll(() => server.stop());

await import('../offline/as-known-views.test.ts');
await import('../offline/cases.test.ts');
await import('../offline/null-keys.test.ts');
await import('../offline/retrieval.test.ts');
