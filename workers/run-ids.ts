import { createHash } from 'node:crypto';
import type { RunInputs } from '../contracts/run-inputs.ts';
import { ingestionId, materializationId, type WorkflowName } from '../contracts/run-messages.ts';
import { formatInstant, requireInstant } from '../contracts/time.ts';

/** A list of views longer than this is named by its hash. */
const LONGEST_LIST = 200;

/**
 * The workflow id says what a run does, so that a second start of the same work joins the one that is running.
 * `fingerprint` is the view's: after a change of definitions the work is another one.
 */
export function workflowIdOf<W extends WorkflowName>(workflow: W, input: RunInputs[W], fingerprint?: string): string {
  const version = fingerprint === undefined ? '' : `@${fingerprint.slice(0, 12)}`;
  switch (workflow) {
    case 'ingest': {
      const { project, source, from, to } = input as RunInputs['ingest'];
      return join(ingestionId(project, source), from !== undefined || to !== undefined ? rangeText(from, to) : '');
    }
    case 'backfill': {
      const { project, view, from, to, restate, cascade } = input as RunInputs['backfill'];
      // one that does more must not join one that does less
      const more = [restate ? 'restate' : '', cascade ? 'cascade' : ''];
      return join('backfill', project, `${view}${version}`, rangeText(from, to), ...more);
    }
    case 'materialize': {
      const { project, views, to, rebuild } = input as RunInputs['materialize'];
      const more = [to === undefined ? '' : instantText(to), rebuild ? 'rebuild' : ''];
      return join(materializationId(project, nameViews(views)), ...more);
    }
    case 'maintain': {
      // one at a time: a second start joins the first, whatever it asks for
      const { project } = input as RunInputs['maintain'];
      return join('maintain', project);
    }
    case 'runStream': {
      const { project, view } = input as RunInputs['runStream'];
      return join('stream', project, view);
    }
    case 'monitorFreshness': {
      const { project } = input;
      return join('monitor', project);
    }
    case 'checkConsistency': {
      const { project, last } = input as RunInputs['checkConsistency'];
      return join('consistency', project, last ?? '');
    }
    case 'buildTrainingDataset': {
      const { project, name } = input as RunInputs['buildTrainingDataset'];
      // builds of one name that ask for different things must not join
      return join('dataset', project, name, hashOf(canonicalJson(input)));
    }
  }
}

/** One name for any number of views, whatever their order. */
export function nameViews(views: readonly string[]): string {
  const names = [...new Set(views)].sort().join('+');
  return names.length > LONGEST_LIST ? `views-${hashOf(names)}` : names;
}

/** The first 12 hex digits of the SHA-256 of a text. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** JSON with sorted keys at every depth: equal for equal inputs. */
export function canonicalJson(input: object): string {
  return JSON.stringify(input, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

function rangeText(from: string | undefined, to: string | undefined): string {
  return `${from === undefined ? '' : instantText(from)}_${to === undefined ? '' : instantText(to)}`;
}

/** One spelling of an instant, without the fraction when it is zero. */
function instantText(text: string): string {
  return formatInstant(requireInstant(text, 'range')).replace('.000000Z', 'Z');
}
