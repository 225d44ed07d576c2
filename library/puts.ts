/** Rows that a program puts: checked, committed once, and online before the call returns. */
import { randomUUID } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { clockNow } from '../contracts/time.ts';
import { suggestNames } from '../definitions/closest-names.ts';
import { appendRows } from '../ingestion/append-rows.ts';
import type { IngestionDependencies } from '../ingestion/dependencies.ts';
import { inputValue } from './column-values.ts';
import type { OnlineFollowers } from './online-followers.ts';
import { checkPutRows, type CheckedRow } from './put-rows.ts';
import type { PutOptions, PutResult, PutRow } from './store.ts';
import { findViolations } from './violations.ts';

/** Throws what `Store.putFeatures` throws. */
export async function put(
  dependencies: IngestionDependencies & { readonly followers: OnlineFollowers },
  manifest: Manifest,
  request: PutOptions & { readonly view: string; readonly rows: readonly PutRow[] },
): Promise<PutResult> {
  const { view, source } = requireStoredView(manifest, request.view);
  const rows = checkPutRows(view, source, request.rows, clockNow());
  if (rows.length === 0) throw new AsofError('INVALID_VALUE', { where: `view ${view.name}`, problem: 'no rows' });
  const violations = findViolations(manifest, source, rows);
  const { snapshot, committed, quarantined } = await appendRows(dependencies, {
    manifest,
    source: source.name,
    rows: rows.map((row) => inputRow(source, row)),
    idempotencyKey: request.idempotencyKey ?? randomUUID(),
  });
  const online = manifest.views.filter(
    (one): one is FeatureViewManifest => one.kind === 'feature' && one.online && one.source === source.name,
  );
  await Promise.all(online.map((one) => dependencies.followers.follow(manifest, one)));
  return { snapshot, committed, quarantined, violations };
}

function requireStoredView(
  manifest: Manifest,
  name: string,
): { readonly view: FeatureViewManifest; readonly source: StoredSourceManifest } {
  const view = manifest.views.find((candidate) => candidate.name === name);
  if (view === undefined) {
    const known = suggestNames(
      name,
      manifest.views.map((one) => one.name),
    );
    throw new AsofError('UNKNOWN_NAME', { where: 'putFeatures', kind: 'view', name, known });
  }
  const source = manifest.sources.find((one) => view.kind === 'feature' && one.name === view.source);
  if (view.kind === 'derived' || source === undefined || source.kind === 'request') {
    throw new AsofError('INVALID_VALUE', {
      where: `view ${name}`,
      problem: 'it is computed at each read; put its inputs',
    });
  }
  return { view, source };
}

function inputRow(source: StoredSourceManifest, row: CheckedRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    source.columns.map((column) => [column.name, inputValue(row.get(column.name) ?? null, column.type)]),
  );
}
