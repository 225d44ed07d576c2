/** Which rows a command is about. */
import type { Command } from 'commander';
import { AsofError } from '../../../contracts/errors.ts';
import type { Manifest } from '../../../contracts/manifest.ts';
import { requireStoredSource } from '../../../ingestion/plan-ingestion.ts';
import type { QuarantineFilter } from '../../../ingestion/quarantined-rows.ts';

export interface ChosenRowsOptions {
  readonly rule?: string;
  readonly id?: readonly string[];
}

export function addChoice(command: Command): Command {
  return command
    .option('--rule <text>', 'rows that broke a rule with this text in it')
    .option('--id <id...>', 'these rows, by the ids that `show` gives');
}

export function chosenRows({ rule, id }: ChosenRowsOptions): Omit<QuarantineFilter, 'status'> {
  return { ...(rule !== undefined && { rule }), ...(id !== undefined && { ids: id.map(rowId) }) };
}

/** Throws `UNKNOWN_NAME`. */
export function requireSourceName(manifest: Manifest, name: string): string {
  return requireStoredSource(manifest, name).name;
}

function rowId(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new AsofError('USAGE', { problem: `--id ${JSON.stringify(text)} is not the id of a row` });
}
