/** Where the rows of a spine come from: the same options wherever a spine is asked for. */
import path from 'node:path';
import type { Command } from 'commander';
import type { SpineSource } from '../contracts/datasets.ts';
import { AsofError } from '../contracts/errors.ts';
import { parseDuration, requireInstant } from '../contracts/time.ts';

export interface SpineOptions {
  readonly spine?: string;
  readonly spineQuery?: string;
  readonly entities?: string;
  readonly from?: string;
  readonly to?: string;
  readonly every?: string;
}

export function addSpineOptions(command: Command): Command {
  return command
    .option('--spine <file>', 'keys, event_timestamp, labels: Parquet, CSV or JSON Lines')
    .option(
      '--spine-query <sql>',
      'one SELECT over the sources that gives the same, such as "select origin, date as event_timestamp from flights"',
    )
    .option('--from <time>', 'without a spine: first instant of a range')
    .option('--to <time>', 'end of the range, exclusive')
    .option('--every <duration>', 'step of the range (default: 1h)')
    .option('--entities <file>', 'keys to ask for at each step (default: all that the sources hold from before --to)');
}

const CHOICE = 'give one of --spine, --spine-query, and --from with --to';

/** Paths are made absolute. Throws `USAGE` and `INVALID_INSTANT`. */
export function spineOf({ spine, spineQuery, entities, from, to, every }: SpineOptions): SpineSource {
  const ranged = [entities, from, to, every].some((option) => option !== undefined);
  const ways = [spine !== undefined, spineQuery !== undefined, ranged].filter(Boolean).length;
  if (ways === 0) throw new AsofError('USAGE', { problem: CHOICE });
  if (ways > 1) {
    throw new AsofError('USAGE', { problem: `${CHOICE}; --entities and --every go with --from and --to` });
  }
  if (spine !== undefined) return path.resolve(spine);
  if (spineQuery !== undefined) return { query: spineQuery };
  if (from === undefined || to === undefined) {
    throw new AsofError('USAGE', {
      problem: `${entities === undefined ? 'a range' : '--entities'} needs --from and --to`,
    });
  }
  requireInstant(from, '--from');
  requireInstant(to, '--to');
  if (every !== undefined && parseDuration(every) === undefined) {
    throw new AsofError('USAGE', { problem: `--every takes a duration, not "${every}"` });
  }
  return {
    ...(entities !== undefined && { entities: path.resolve(entities) }),
    ...{ from, to },
    ...(every !== undefined && { every }),
  };
}
