/** Which broker a project's topics are in: those that the settings name, or the embedded one. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Settings } from '../contracts/config.ts';
import { findRunning } from './run-records.ts';

export function kafkaDirectory(stateDirectory: string): string {
  return path.join(stateDirectory, 'kafka');
}

/** Whether topics may be in the embedded broker: no other is named, and it was once started here with `asof dev --with kafka`. */
export function needsEmbeddedKafka({ kafkaBrokers, stateDirectory }: Settings): boolean {
  return kafkaBrokers === null && existsSync(path.join(kafkaDirectory(stateDirectory), 'data'));
}

/** Fills in the address of the embedded broker, where it runs and no other is named. */
export function withEmbeddedKafka(settings: Settings): Settings {
  const address = findRunning(settings.stateDirectory, 'kafka')?.address ?? null;
  return settings.kafkaBrokers !== null || address === null ? settings : { ...settings, kafkaBrokers: [address] };
}
