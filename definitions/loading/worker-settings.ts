import type { WorkerSettings } from '../../contracts/config.ts';
import { AsofError } from '../../contracts/errors.ts';

/** Temporal writes a version as `deployment:build`, and some of its tools with a point between the two. */
const DEPLOYMENT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const BUILD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** What the environment says of worker processes. Throws `USAGE`. */
export function workerSettings(read: (name: string) => string | undefined): WorkerSettings {
  return { version: readVersion(read('ASOF_DEPLOYMENT') ?? 'asof', read('ASOF_BUILD_ID')) };
}

function readVersion(deployment: string, buildId: string | undefined): WorkerSettings['version'] {
  if (buildId === undefined) return null;
  return {
    deployment: check('ASOF_DEPLOYMENT', deployment, DEPLOYMENT, 'letters, digits, - and _, such as asof-eu'),
    buildId: check('ASOF_BUILD_ID', buildId, BUILD, 'letters, digits, points, - and _, such as 1.4.0-3f9c2ab'),
  };
}

function check(variable: string, text: string, pattern: RegExp, form: string): string {
  if (pattern.test(text)) return text;
  throw new AsofError('USAGE', { problem: `${variable} is "${text}"; write up to 100 ${form}` });
}
