/**
 * Names in Redis. Everything of a project stands under `asof:{<project>}:`; the braces put a project into one slot of
 * a cluster, so that one MGET reads values of several views together with the epoch. A value's key carries 48 bits of a
 * hash of view and version instead of their names: it is repeated for every entity, where bytes count.
 */
import { createHash } from 'node:crypto';

const VIEW_TAG_BYTES = 6;

export interface ViewKeys {
  /** Prefix of the values of this view version; an encoded entity key follows. */
  readonly values: Buffer;
  /** Of states that reads found in the lake and wrote back: they live for as long as the view says and belong to no run. */
  readonly writtenBack: Buffer;
  /** The position of the newest run that may write. */
  readonly fence: string;
  /** The position that the values are complete for. */
  readonly marker: string;
  /** How far streams have come. */
  readonly stream: string;
  /** What streams are about to publish. */
  readonly outbox: string;
}

/** Random text that lives as long as the content of this Redis. */
export function epochKey(project: string): string {
  return `asof:{${project}}:epoch`;
}

/** Names of one version of a view. `fingerprint` is the view's whole fingerprint. */
export function viewKeys(project: string, view: string, fingerprint: string): ViewKeys {
  const tag = createHash('sha256').update(`${view}\0${fingerprint}`).digest().subarray(0, VIEW_TAG_BYTES);
  const name = `${view}@${fingerprint.slice(0, 12)}`;
  const suffix = tag.toString('base64url');
  return {
    values: Buffer.from(`asof:{${project}}:${suffix}`, 'latin1'),
    writtenBack: Buffer.from(`asof:{${project}}:lake:${suffix}`, 'latin1'),
    fence: `asof:{${project}}:fence:${name}`,
    marker: `asof:{${project}}:position:${name}`,
    stream: `asof:{${project}}:stream:${name}`,
    outbox: `asof:{${project}}:outbox:${name}`,
  };
}
