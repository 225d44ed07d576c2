/** One Spark for all tests that ask it. */
import type { TestProject } from 'vitest/node';
import { startSparkServer } from './support/spark-server.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startSparkServer();
  project.provide('sparkUrl', server.url);
  return () => server.stop();
}

declare module 'vitest' {
  interface ProvidedContext {
    /** `thrift://host:port` */
    sparkUrl: string;
  }
}
