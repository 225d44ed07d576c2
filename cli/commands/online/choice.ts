import { requireFeatureView } from '../../../activities/applied-view.ts';
import { AsofError } from '../../../contracts/errors.ts';
import type { Manifest } from '../../../contracts/manifest.ts';
import type { CommandContext } from '../../main.ts';
import { requireApplied, requireProjectName, withCatalog } from '../../project.ts';

/** The names given, or every view that is online. Throws `UNKNOWN_NAME`, and `INVALID_VALUE` for a view that is not online. */
export function chooseOnlineViews(manifest: Manifest, names: readonly string[]): readonly string[] {
  if (names.length === 0) return manifest.views.filter((view) => view.kind === 'feature' && view.online).map(nameOf);
  for (const name of names) {
    if (requireFeatureView(manifest, name).online) continue;
    throw new AsofError('INVALID_VALUE', { where: `view ${name}`, problem: 'is not declared with online: true' });
  }
  return [...new Set(names)];
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** Of a command that takes either names or `--all`. The names are for the run to check. */
export async function chooseNamedOrAll(
  context: CommandContext,
  names: readonly string[],
  all: boolean,
): Promise<{ readonly project: string; readonly views: readonly string[] }> {
  if (names.length > 0 === all) throw new AsofError('USAGE', { problem: 'name views, or give --all' });
  const project = await requireProjectName(context);
  const views = all
    ? await withCatalog(context, async ({ catalog }) =>
        chooseOnlineViews((await requireApplied(catalog, project)).manifest, []),
      )
    : names;
  return { project, views };
}
