/** Keys that encrypt what Temporal keeps of runs. They show themselves to nobody: not in settings, logs or JSON. */
import { AsofError } from './errors.ts';

const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** 32 bytes in base64, either alphabet. */
const KEY = /^[A-Za-z0-9+/_-]{43}=?$/;

/** The first key writes; all of them read. */
export class PayloadKeys {
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  /** The id of the key that new payloads are written with. */
  readonly writes: string;

  /** `keys` are ids and 32 bytes each, at least one of them. */
  constructor(keys: readonly (readonly [id: string, bytes: Uint8Array])[]) {
    this.#keys = new Map(keys);
    this.writes = keys[0]?.[0] ?? '';
  }

  /** Undefined for a key that this process does not have. */
  bytesOf(id: string): Uint8Array | undefined {
    return this.#keys.get(id);
  }

  get reads(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** Ids alone. */
  toJSON(): { readonly writes: string; readonly reads: readonly string[] } {
    return { writes: this.writes, reads: this.reads };
  }
}

/**
 * Reads `id:base64` pairs, separated by commas or white space. Throws `USAGE` that names the pair by its place in `where`, and
 * repeats nothing of it.
 */
export function parsePayloadKeys(text: string, where: string): PayloadKeys {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  if (entries.length === 0) throw refuse(where, 'holds no key');
  const keys = entries.map((entry, index): readonly [string, Uint8Array] => {
    const place = `key ${index + 1} of ${entries.length}`;
    const colon = entry.indexOf(':');
    const [id, key] = [entry.slice(0, Math.max(colon, 0)), entry.slice(colon + 1)];
    if (!KEY_ID.test(id)) throw refuse(where, `${place} has no id such as 2026-01 before its colon`);
    if (!KEY.test(key)) throw refuse(where, `${place} is not 32 bytes in base64`);
    return [id, Buffer.from(key, 'base64')];
  });
  const twice = keys.find(([id], index) => keys.findIndex(([other]) => other === id) < index);
  if (twice !== undefined) throw refuse(where, `the id ${twice[0]} stands there twice`);
  return new PayloadKeys(keys);
}

function refuse(where: string, problem: string): AsofError {
  return new AsofError('USAGE', {
    problem: `${where}: ${problem}; write id:key pairs, with keys of \`openssl rand -base64 32\``,
  });
}
