/** What docker-compose.yml and the Dockerfile say, as a process of this machine would be started by it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export const ROOT = path.resolve(import.meta.dirname, '../../..');

export interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export function readComposeServices(): Readonly<Record<string, ComposeService>> {
  const text = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8');
  // `merge` resolves the `<<` of the shared part
  return (parse(text, { merge: true }) as { services: Readonly<Record<string, ComposeService>> }).services;
}

export interface Image {
  /** Where the sources stand in the image. */
  readonly directory: string;
  readonly entrypoint: readonly string[];
  /** What runs when a service names no command. */
  readonly command: readonly string[];
}

/** The last of each instruction wins, as in a build. */
export function readImage(): Image {
  const lines = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const last = (instruction: string): string => {
    const line = lines.findLast((one) => one.startsWith(`${instruction} `));
    if (line === undefined) throw new Error(`the Dockerfile has no ${instruction}`);
    return line.slice(instruction.length + 1);
  };
  return {
    directory: last('WORKDIR'),
    entrypoint: JSON.parse(last('ENTRYPOINT')) as readonly string[],
    command: JSON.parse(last('CMD')) as readonly string[],
  };
}

/** Seconds and minutes, as Compose writes them. */
export function parseGraceMillis(text: string): number {
  const match = /^(\d+)(s|m)$/.exec(text);
  if (!match) throw new Error(`${text} is not a number of seconds or minutes`);
  return Number(match[1]) * (match[2] === 'm' ? 60_000 : 1_000);
}
