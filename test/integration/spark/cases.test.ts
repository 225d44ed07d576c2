/** The table of cases and the other tests of values, word for word, with every view computed by Spark. */
import { beforeAll, inject, vi } from 'vitest';
import { openSpark } from '../../../engine/spark/thrift-spark.ts';
import { retrieveBySpark } from '../offline/offline-fixture.ts';

// a job of Spark's takes seconds where others run beside it; a test takes its timeout when it is defined
vi.setConfig({ testTimeout: 900_000 });

beforeAll(() => retrieveBySpark({ spark: openSpark(inject('sparkUrl')), autoAboveBytes: 0 }));

await import('../offline/as-known-views.test.ts');
await import('../offline/cases.test.ts');
await import('../offline/null-keys.test.ts');
await import('../offline/retrieval.test.ts');
