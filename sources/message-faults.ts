/** Which messages of a topic cannot become rows, and why: decided by the message alone, without looking at the others' values. */
import type { KafkaSourceManifest } from '../contracts/manifest.ts';
import { isReservedName } from './reading.ts';

/** In words, for the quarantine. */
export const MESSAGE_FAULTS = {
  tombstone: 'the message has no value: a tombstone',
  large: 'the message is larger than 1 MiB',
  encoding: 'the message is not UTF-8',
  json: 'the message is not JSON',
  object: 'the message is not a JSON object',
  members:
    'the message has a member that cannot be a column: its name is reserved, differs from another in case only, or is one too many',
} as const;
export type MessageFault = keyof typeof MESSAGE_FAULTS;

export interface JudgedMessage {
  /** What is kept of it: the whole text, or its beginning when it is too large; null for a tombstone. */
  readonly text: string | null;
  readonly fault: MessageFault | null;
}

export const MOST_BYTES = 2 ** 20;
/** What the quarantine keeps of a larger message. */
const KEPT_BYTES = 2 ** 16;
/** Names beside the declared ones in one range of a partition. */
const MOST_EXTRA_NAMES = 1_000;

/** The judge of one range, given its messages in order of their offsets. Judging a message again changes nothing. */
export interface MessageJudge {
  (value: Uint8Array | null): JudgedMessage;
  /** Whether a member may have this name: of two that differ in case only, the one that came first stays a column. */
  readonly isStored: (name: string) => boolean;
}

export function messageJudge(source: Pick<KafkaSourceManifest, 'columns' | 'contract'>): MessageJudge {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isStored = memberJudge(source);
  const judge = (value: Uint8Array | null): JudgedMessage => {
    if (value === null) return { text: null, fault: 'tombstone' };
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (bytes.length > MOST_BYTES) return { text: bytes.toString('utf8', 0, KEPT_BYTES), fault: 'large' };
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      return { text: bytes.toString('utf8'), fault: 'encoding' };
    }
    return { text, fault: faultOf(text, isStored) };
  };
  return Object.assign(judge, { isStored });
}

function faultOf(text: string, isStored: (name: string) => boolean): MessageFault | null {
  let parsed: unknown;
  try {
    // for its names alone: the values are read from the text, with every digit
    parsed = JSON.parse(text);
  } catch {
    return 'json';
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'object';
  return Object.keys(parsed).every(isStored) ? null : 'members';
}

/** Identifiers of the engine and of Parquet ignore case. */
function memberJudge({
  columns,
  contract,
}: Pick<KafkaSourceManifest, 'columns' | 'contract'>): (name: string) => boolean {
  const declared = new Set(columns.map(({ from }) => from));
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const extra = new Map<string, string>();
  return (name) => {
    if (declared.has(name) || contract.columns === 'discard') return true;
    const folded = name.toLowerCase();
    if (taken.has(folded) || isReservedName(folded)) return false;
    const known = extra.get(folded);
    if (known !== undefined) return known === name;
    if (extra.size === MOST_EXTRA_NAMES) return false;
    extra.set(folded, name);
    return true;
  };
}
