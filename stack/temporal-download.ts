/** Run as a program: lets Temporal's SDK download its development server into the directory that the argument names. */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir: process.argv[2] ?? '.', ttl: '3650d' } },
});
await environment.teardown();
