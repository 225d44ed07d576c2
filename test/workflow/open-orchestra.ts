import { createNamespace, testStack } from '../support/stack.ts';
import { connectOrchestra, type Orchestra } from './orchestra.ts';

/** An orchestra in a namespace of its own on the server of the test run. */
export async function openOrchestra(): Promise<Orchestra> {
  return connectOrchestra(testStack().temporalAddress, await createNamespace());
}
