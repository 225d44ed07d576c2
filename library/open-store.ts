/** The way into the library. Definition files import it with the language, so everything heavy is loaded when it is called. */
import type { CodeConfig } from '../contracts/config.ts';
import type { Store } from './store.ts';

export type StoreConfig = CodeConfig & {
  /** Where relative paths start and `.asof` stands. @default the working directory */
  readonly directory?: string;
};

/**
 * Opens the store of a project: by a configuration, or by a directory with `asof.config.ts`. The environment overrides
 * both. Embedded components are started when none run, for as long as the store is open. Throws `CONFIG_INVALID`,
 * `PROJECT_NOT_FOUND`, `COMPONENT_MISSING`, `COMPONENT_FAILED`, and what the catalog throws.
 */
export async function openStore(config: StoreConfig | string): Promise<Store> {
  const { connectStore } = await import('./connected-store.ts');
  return connectStore(config);
}
