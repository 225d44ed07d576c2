/** Definitions that a program registers, beside those that stand in definition files. */
import { MANIFEST_FORMAT, type Manifest, type Origin } from '../contracts/manifest.ts';
import { collectDefinitions } from './normalization/definition-set.ts';
import { normalizeDefinitions, sealManifest } from './normalization/manifest.ts';
import { Place, Problems } from './normalization/problems.ts';
import { addDefinitions } from './registration/addition.ts';
import { labelsOf, refuseUnregistrable } from './registration/given.ts';
import { isRegistered, settleReferences } from './registration/references.ts';

/** Stands for the file in errors about definitions made by a program. */
const CODE = 'code';

/**
 * The applied manifest with these definitions and what they read, each marked as registered. What they read may be
 * applied already, with the same meaning. Throws `DEFINITIONS_INVALID` as for files, and `CONFLICT` for a name that is
 * taken; derived views, which carry functions, belong in files.
 */
export function registerDefinitions(
  applied: Manifest | undefined,
  definitions: readonly unknown[],
  { project, projectDirectory }: { readonly project: string; readonly projectDirectory: string },
): Manifest {
  const before: Manifest = applied ?? { ...NOTHING, project };
  const set = collectDefinitions([{ file: CODE, exports: { definitions } }]);
  const problems = new Problems();
  const placeOf = (label: string): Place => new Place(problems, CODE, label);
  refuseUnregistrable(definitions, set, before, placeOf);
  problems.throwIfAny();
  // no function is registered: those that are read stand in the applied definitions with their hashes
  const found = normalizeDefinitions(set, { project, projectDirectory, functionHash: () => '' });
  const merged = addDefinitions(before, found, labelsOf(definitions), placeOf);
  problems.throwIfAny();
  const settled = settleReferences(merged, before, placeOf);
  problems.throwIfAny();
  return sealManifest(settled);
}

/**
 * What an `apply` of definition files leads to: the files' definitions, and the registered ones whose names no file has
 * taken over. Throws `DEFINITIONS_INVALID` when the files no longer have what a registered definition reads.
 */
export function keepRegistered(files: Manifest, applied: Manifest | undefined): Manifest {
  if (applied === undefined) return files;
  const kept = {
    entities: registeredBeside(files.entities, applied.entities),
    sources: registeredBeside(files.sources, applied.sources),
    views: registeredBeside([...files.views, ...files.aliases], applied.views),
    aliases: registeredBeside([...files.views, ...files.aliases], applied.aliases),
    services: registeredBeside(files.services, applied.services),
  };
  if (Object.values(kept).every((list) => list.length === 0)) return files;
  const problems = new Problems();
  const settled = settleReferences(
    {
      ...files,
      entities: [...files.entities, ...kept.entities],
      sources: [...files.sources, ...kept.sources],
      views: [...files.views, ...kept.views],
      aliases: [...files.aliases, ...kept.aliases],
      services: [...files.services, ...kept.services],
    },
    applied,
    (label) => new Place(problems, CODE, label),
  );
  problems.throwIfAny();
  return sealManifest(settled);
}

const NOTHING = {
  format: MANIFEST_FORMAT,
  fingerprint: '',
  entities: [],
  sources: [],
  views: [],
  aliases: [],
  services: [],
} as const;

function registeredBeside<Item extends Origin & { readonly name: string }>(
  files: readonly { readonly name: string }[],
  applied: readonly Item[],
): readonly Item[] {
  return applied.filter((item) => isRegistered(item) && !files.some(({ name }) => name === item.name));
}
