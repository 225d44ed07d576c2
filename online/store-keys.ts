/**
 * Names in Redis. A few of each view are there for people too, and carry the names of project and view. A value's key is repeated for
 * every entity, and two bytes more or less decide about sixteen that are allocated: it carries 40 bits of a hash of project, view and version.
 * All of a project have the same text in braces, which puts them into one slot of a cluster: one MGET reads values of several views together
 * with the epoch.
 */
import { createHash } from 'node:crypto';

const SLOT_CHARACTERS = 3;
const VIEW_TAG_BYTES = 5;

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
  return `${projectPrefix(project)}epoch`;
}

/** Names of one version of a view. `fingerprint` is the view's whole fingerprint. */
export function viewKeys(project: string, view: string, fingerprint: string): ViewKeys {
  const prefix = projectPrefix(project);
  const name = `${view}@${fingerprint.slice(0, 12)}`;
  return {
    values: valuesPrefix(project, view, fingerprint),
    writtenBack: valuesPrefix(project, view, fingerprint, 'written back'),
    fence: `${prefix}fence:${name}`,
    marker: `${prefix}position:${name}`,
    stream: `${prefix}stream:${name}`,
    outbox: `${prefix}outbox:${name}`,
  };
}

/** What all names of a project begin with, but those of values. */
export function projectPrefix(project: string): string {
  return `asof:{${slotName(project)}}:${project}:`;
}

function valuesPrefix(project: string, ...parts: readonly string[]): Buffer {
  const tag = hashOf([project, ...parts].join('\0')).subarray(0, VIEW_TAG_BYTES);
  return Buffer.concat([Buffer.from(`{${slotName(project)}}`), tag]);
}

/** Projects that share it share a slot, and nothing else. */
function slotName(project: string): string {
  return hashOf(project).toString('base64url').slice(0, SLOT_CHARACTERS);
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
