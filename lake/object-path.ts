/** Names of objects: relative, `/` between the parts, nothing that could lead out of the lake. */
import { AsofError } from '../contracts/errors.ts';

const LONGEST_PATH = 1024;
const LONGEST_PART = 255;

/** Returns the path as given. Throws `INVALID_VALUE` unless every part is a plain file name. */
export function requireObjectPath(path: string): string {
  const parts = path.split('/');
  if (path.length > LONGEST_PATH || !parts.every(isPlainName)) {
    const shown = JSON.stringify(path.slice(0, 200));
    throw new AsofError('INVALID_VALUE', { where: 'lake', problem: `${shown} is not the path of an object` });
  }
  return path;
}

function isPlainName(part: string): boolean {
  if (part === '' || part === '.' || part === '..') return false;
  return Buffer.byteLength(part) <= LONGEST_PART && !/[\\\u0000-\u001f]/.test(part);
}

/** The object's address outside this process. */
export function objectUri(lake: { readonly url: string }, path: string): string {
  return `${lake.url}/${path}`;
}

/** The path that `objectUri` was made from; a path without a scheme is returned as it is. Undefined for other lakes. */
export function objectPath(lake: { readonly url: string }, uri: string): string | undefined {
  if (uri.startsWith(`${lake.url}/`)) return uri.slice(lake.url.length + 1);
  return uri.includes('://') || uri.startsWith('/') ? undefined : uri;
}
