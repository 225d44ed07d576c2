import type { AsofConfig } from '../../contracts/config.ts';

/** The settings of a project: the default export of `asof.config.ts`. */
export function defineConfig(config: AsofConfig): AsofConfig {
  return config;
}
