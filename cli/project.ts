/** What most commands begin with: settings, definitions, and a catalog that answers. */
import { openCatalog } from '../catalog/postgres.ts';
import type { AppliedDefinitions, Catalog } from '../catalog/catalog.ts';
import type { Settings } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import { loadSettings } from '../definitions/loading.ts';
import type { ComponentName } from '../stack/component.ts';
import { withComponents } from '../stack/with-components.ts';
import type { CommandContext } from './main.ts';

export interface ConnectedProject {
  /** With the address of every needed component. */
  readonly settings: Settings;
  readonly catalog: Catalog;
}

/** Opens the catalog of the project, starting the embedded components that are needed for the duration of `work`. */
export async function withCatalog<T>(
  { directory, terminal }: CommandContext,
  work: (project: ConnectedProject) => Promise<T>,
  needs: readonly ComponentName[] = ['catalog'],
): Promise<T> {
  const settings = await loadSettings({ directory });
  return withComponents(
    settings,
    needs,
    async (connected) => {
      const catalog = await openCatalog({ url: connected.catalogUrl ?? '' });
      try {
        return await work({ settings: connected, catalog });
      } finally {
        await catalog.close();
      }
    },
    { report: (line) => terminal.note(line) },
  );
}

/** The applied definitions of the project; `NOTHING_APPLIED` before the first `asof apply`. */
export async function requireApplied(catalog: Catalog, project: string): Promise<AppliedDefinitions> {
  const applied = await catalog.definitions.current(project);
  if (applied === undefined) throw new AsofError('NOTHING_APPLIED', { project });
  return applied;
}

/** The project's name, from its configuration. */
export async function requireProjectName({ directory }: CommandContext): Promise<string> {
  return (await loadSettings({ directory })).project;
}
