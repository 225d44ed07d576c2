/** Fills in what the input of a scheduled run leaves open, from the time that the run was scheduled for. */
import { AsofError } from './errors.ts';
import type { WorkflowName } from './run-messages.ts';
import { floorToGrid, formatInstant, MICROS_PER_DAY, parseDuration, type Micros } from './time.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * A window becomes the range that ends at the scheduled time; a backfill's ends where the last whole cell of its grid does, so
 * that no day is written before it is over. What the input itself says stays. Fields are checked already.
 */
export function settleScheduled(workflow: WorkflowName, values: Values, scheduledAt: Micros | undefined): Values {
  const spine = asRecord(values['spine']);
  const place = spine?.['window'] === undefined ? 'window' : 'spine.window';
  const window = spine?.['window'] ?? values['window'];
  if (window !== undefined && scheduledAt === undefined) {
    fail(workflow, place, 'goes with a run that a schedule starts; give "from" and "to"');
  }
  if (values['window'] !== undefined && (values['from'] !== undefined || values['to'] !== undefined)) {
    fail(workflow, 'window', 'must not be given with "from" or "to"');
  }
  if (scheduledAt === undefined) return values;
  switch (workflow) {
    case 'ingest':
      return window === undefined ? values : withRange(values, rangeBefore(scheduledAt, window));
    case 'backfill': {
      if (window === undefined) return values;
      const chunk = parseDuration((values['chunk'] as string | undefined) ?? '1d') ?? MICROS_PER_DAY;
      return withRange(values, rangeBefore(floorToGrid(scheduledAt, chunk), window));
    }
    case 'materialize':
      return { to: formatInstant(scheduledAt), ...values };
    case 'maintain':
      return { now: formatInstant(scheduledAt), ...values };
    case 'monitorFreshness':
    case 'checkConsistency':
    case 'runStream':
      return values;
    case 'buildTrainingDataset':
      if (spine?.['window'] === undefined) return values;
      return { ...values, spine: withRange(spine, rangeBefore(scheduledAt, spine['window'])) };
  }
}

function rangeBefore(end: Micros, window: unknown): { readonly from: string; readonly to: string } {
  const micros = parseDuration(String(window)) ?? 0;
  return { from: formatInstant(end - BigInt(micros)), to: formatInstant(end) };
}

function withRange({ window: _, ...values }: Values, range: object): Values {
  return { ...values, ...range };
}

function asRecord(value: unknown): Values | undefined {
  return typeof value === 'object' && value !== null ? (value as Values) : undefined;
}

function fail(workflow: WorkflowName, field: string, problem: string): never {
  throw new AsofError('INVALID_VALUE', { where: `${workflow} input, field "${field}"`, problem });
}
