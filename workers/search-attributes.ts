import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contracts/run-messages.ts';

/** The value of `INDEXED_VALUE_TYPE_KEYWORD` in Temporal's API. */
const KEYWORD = 2;

/**
 * Registers what is missing of the search attributes that every workflow sets. Without them its first task would fail
 * for ever, so the stack does this when it starts, and an orchestration worker before it polls. Safe to repeat.
 */
export async function registerSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<void> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(({ name }) => [name, KEYWORD]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes });
}
