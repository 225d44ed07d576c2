/**
 * Run as a program: lets Temporal's SDK download its development server into the directory that the argument names.
 * The SDK has no way to download without starting, so the server starts on a free port and stops again.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { messageOf } from '../contracts/errors.ts';

try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: process.argv[2] ?? '.', ttl: '3650d' } },
  });
  await environment.teardown();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
