import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askRedis } from '../../../stack/redis-probe.ts';
import { createDatabase, createNamespace, testStack } from '../../support/stack.ts';

describe('the servers of a test run', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('give every test file a database of its own', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    await client.end();
    expect(rows).toEqual([{ count: '0' }]);
  });

  it('include a Redis that answers', async () => {
    expect(await askRedis(testStack().redisUrl)).toMatchObject({ answers: true });
  });

  it('give every test file a namespace that knows the search attributes', async () => {
    const namespace = await createNamespace();
    const connection = await Connection.connect({ address: testStack().temporalAddress });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    await connection.close();
    expect(Object.keys(customAttributes ?? {})).toEqual(
      expect.arrayContaining(['AsofProject', 'AsofView', 'AsofDataset']),
    );
  });
});
