import { parseByteSize } from '../../contracts/byte-size.ts';
import type { WorkerSettings } from '../../contracts/config.ts';
import { AsofError } from '../../contracts/errors.ts';

/** Temporal writes a version as `deployment:build`, and some of its tools with a point between the two. */
const DEPLOYMENT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const METRICS_ADDRESS = /^(?:([0-9.]+|\[[0-9a-f:]+\]):)?(\d{1,5})$/i;
const BUILD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** What the environment says of worker processes. Throws `USAGE`. */
export function workerSettings(read: (name: string) => string | undefined): WorkerSettings {
  return {
    version: readVersion(read('ASOF_DEPLOYMENT') ?? 'asof', read('ASOF_BUILD_ID')),
    memoryLimitBytes: readMemoryLimit(read('ASOF_WORKER_MEMORY_LIMIT')),
    metricsAddress: readMetricsAddress(read('ASOF_METRICS_ADDRESS')),
  };
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

function readMemoryLimit(text: string | undefined): number | null {
  if (text === undefined) return null;
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  throw new AsofError('USAGE', { problem: `ASOF_WORKER_MEMORY_LIMIT is "${text}"; write a size such as 6GB` });
}

/** A port alone is one of loopback: metrics name views and say how much work there is. */
function readMetricsAddress(text: string | undefined): string | null {
  if (text === undefined) return null;
  const [, host = '127.0.0.1', port] = METRICS_ADDRESS.exec(text) ?? [];
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return `${host}:${port}`;
  const form = 'write a port such as 9464, or an IP address and a port such as 0.0.0.0:9464';
  throw new AsofError('USAGE', { problem: `ASOF_METRICS_ADDRESS is "${text}"; ${form}` });
}
