/** Where a source's address stands, and what keeps it out of everything that is written down. */
import { readFile } from 'node:fs/promises';
import { AsofError, messageOf } from '../../contracts/errors.ts';
import type { DatabaseSourceManifest } from '../../contracts/manifest.ts';

export type Dialect = 'postgres' | 'mysql';

export interface DatabaseAddress {
  readonly dialect: Dialect;
  /** With the password: for the driver alone. */
  readonly url: string;
  /** Takes the address and its password out of a text. */
  hide(text: string): string;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
};

/** Throws `CONFIG_INVALID`, which names the place and never what stands there. */
export async function readAddress({ name, url: place }: DatabaseSourceManifest): Promise<DatabaseAddress> {
  const refuse = (problem: string): AsofError =>
    new AsofError('CONFIG_INVALID', { file: 'worker', problem: `source ${name}: ${problem}` });
  const text = place.startsWith('env:') ? process.env[place.slice(4)] : await readPlace(place.slice(5), refuse);
  const url = text?.trim() ?? '';
  if (url === '') {
    throw refuse(`${place} is not set or empty; set it where the workers run, and start them again`);
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const dialect = parsed && DIALECTS[parsed.protocol];
  if (parsed === undefined || dialect === undefined) {
    throw refuse(`${place} holds no address such as postgres://user:password@host/database or mysql://…`);
  }
  const secrets = [url, parsed.href, parsed.password, decoded(parsed.password)].filter((secret) => secret !== '');
  return {
    dialect,
    url,
    hide: (shown) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), shown),
  };
}

async function readPlace(file: string, refuse: (problem: string) => AsofError): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw refuse(`the file of its address cannot be read: ${messageOf(error)}`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
