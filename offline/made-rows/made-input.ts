/** What rows are made of, and what they look like. */
import { SEQUENCE_COLUMN } from '../../contracts/lake.ts';
import type { FeatureViewManifest, StoredSourceManifest } from '../../contracts/manifest.ts';
import type { DefinitionRuntime } from '../../contracts/plan.ts';
import { storedType, type StoredType } from '../../contracts/values.ts';
import { viewSource } from '../../definitions/view-source.ts';
import type { Session } from '../../engine/engine.ts';
import type { EventFile, RowTable } from '../event-relation.ts';

/** What makes rows: the session in which they are made, and the functions of the project's definitions. */
export interface RowMaker {
  readonly session: Session;
  /** Needed for views with a `map`. */
  readonly runtime?: DefinitionRuntime | undefined;
}

export interface MadeRowsInput {
  readonly view: FeatureViewManifest;
  /** The source itself. */
  readonly base: StoredSourceManifest;
  readonly files: readonly EventFile[];
  /** Stands in place of the files: rows of the source that are on their way. */
  readonly arrived?: RowTable | undefined;
}

export interface MadeColumn {
  readonly name: string;
  readonly type: StoredType;
}

/** What the table has beside the sequence. */
export function madeColumns(view: FeatureViewManifest, base: StoredSourceManifest): readonly MadeColumn[] {
  return viewSource(view, base).columns.map(({ name, type }) => ({ name, type: storedType(type) }));
}

/** The columns as a file has them. */
export function madeFileColumns(view: FeatureViewManifest, base: StoredSourceManifest): EventFile['columns'] {
  return [...madeColumns(view, base), { name: SEQUENCE_COLUMN, type: 'int64' }];
}
