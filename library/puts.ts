/** Rows that a program puts: checked, committed once, and online before the call returns. */
import { randomUUID } from 'node:crypto';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';
import { clockNow } from '../contracts/time.ts';
import { findStoredView } from '../definitions/stored-view.ts';
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

function requireStoredView(manifest: Manifest, name: string): NonNullable<ReturnType<typeof findStoredView>> {
  const found = findStoredView(manifest, name, 'putFeatures');
  if (found !== undefined) return found;
  throw new AsofError('INVALID_VALUE', {
    where: `view ${name}`,
    problem: 'it is computed at each read; put its inputs',
  });
}

function inputRow(source: StoredSourceManifest, row: CheckedRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    source.columns.map((column) => [column.name, inputValue(row.get(column.name) ?? null, column.type)]),
  );
}
