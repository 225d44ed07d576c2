/** What a failure of the database means to a caller. Decided by SQLSTATE and the driver's own codes. */
import { DatabaseError } from 'pg';
import { AsofError, messageOf } from '../contracts/errors.ts';

/** Two transactions met; the same one may succeed at once. */
const RACES: ReadonlySet<string> = new Set(['40001', '40P01']);

/** The server is going away, full, or took too long: the same call may succeed later. */
const UNAVAILABLE_STATES: ReadonlySet<string> = new Set([
  '25P03', // idle in transaction too long
  '53300', // too many connections
  '55P03', // lock timeout
  '57014', // statement timeout
  '57P01', // shutdown
  '57P02', // crash of another server process
  '57P03', // starting up
]);

/** `pg` raises plain errors without a code when a connection breaks or cannot be had. */
const BROKEN_CONNECTION =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying|timeout expired|Query read timeout)/;

export function isRace(error: unknown): boolean {
  return error instanceof DatabaseError && RACES.has(error.code ?? '');
}

/** True when the error is a violation of the named unique constraint. */
export function violatesUnique(error: unknown, constraint: string): boolean {
  return error instanceof DatabaseError && error.code === '23505' && error.constraint === constraint;
}

/** The `AsofError` for any error that a query threw. */
export function catalogError(error: unknown): AsofError {
  if (error instanceof AsofError) return error;
  const problem = messageOf(firstOf(error));
  if (error instanceof DatabaseError) return databaseFailure(error, problem);
  const code = (firstOf(error) as { readonly code?: unknown }).code;
  const isConnection = (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) || BROKEN_CONNECTION.test(problem);
  return new AsofError(isConnection ? 'CATALOG_UNAVAILABLE' : 'INTERNAL', { problem }, error);
}

function databaseFailure(error: DatabaseError, problem: string): AsofError {
  const state = error.code ?? '';
  if (state.startsWith('08') || UNAVAILABLE_STATES.has(state) || RACES.has(state)) {
    return new AsofError('CATALOG_UNAVAILABLE', { problem }, error);
  }
  // a wrong password or database name: waiting does not help
  if (state.startsWith('28') || state === '3D000') {
    return new AsofError('COMPONENT_MISSING', { component: 'the catalog', problem }, error);
  }
  if (state === '22021') return new AsofError('INVALID_VALUE', { where: 'catalog', problem }, error);
  return new AsofError('INTERNAL', { problem: `catalog: ${problem} (SQLSTATE ${state})` }, error);
}

/** Node joins the errors of several addresses into one without a message of its own. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? ((error.errors as unknown[])[0] ?? error) : error;
}
