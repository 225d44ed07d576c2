import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Catalog } from '../../../catalog/catalog.ts';
import { openCatalog } from '../../../catalog/postgres.ts';
import type { IngestedInput, TableKey } from '../../../contracts/lake.ts';
import { createCatalogDatabase } from '../../support/catalog.ts';
import type { TestDatabase } from '../../support/catalog.ts';
import { fakeFile, ledgerAppend, newCommit, SOURCE } from '../../support/commits.ts';

let database: TestDatabase;
let catalog: Catalog;
let tables = 0;

beforeAll(async () => {
  database = await createCatalogDatabase();
  catalog = await openCatalog({ url: database.url });
});

afterAll(async () => {
  await catalog.close();
  await database.drop();
});

/** A table that no other test uses. */
function newTable(overrides: Partial<TableKey> = {}): TableKey {
  tables += 1;
  return { ...SOURCE, name: `source_${tables}`, ...overrides };
}

function input(overrides: Partial<IngestedInput> = {}): IngestedInput {
  return { path: '/data/a.csv', checksum: 'c1', bytes: 10, rows: 10, sequenceStart: 1n, range: null, ...overrides };
}

describe('snapshots', () => {
  test('a table without commits is snapshot 0, without files', async () => {
    const table = newTable();
    expect(await catalog.tables.head(table)).toBe(0);
    expect(await catalog.tables.files(table)).toEqual({ snapshot: 0, files: [] });
  });

  test('a file comes back as it was committed, with 64-bit integers whole', async () => {
    const table = newTable();
    const file = fakeFile({
      rows: 2 ** 40,
      minEvent: -(2n ** 62n),
      maxEvent: 2n ** 63n - 1n,
      maxCreated: 1n,
      minSequence: 2n ** 53n + 1n,
      maxSequence: null,
      bucket: 7,
      columns: [{ name: 'v', type: 'float32[8]' }],
    });
    await catalog.tables.commit(newCommit({ table, add: [file] }));
    expect((await catalog.tables.files(table)).files).toEqual([{ ...file, addedBy: 1, rowsFrom: 1 }]);
  });

  test('an earlier snapshot still shows the files that a later one removed', async () => {
    const table = newTable();
    const [first, second] = [fakeFile({ minEvent: 5n, rows: 3 }), fakeFile({ minEvent: 1n, rows: 4 })];
    const merged = fakeFile({ rows: 7 });
    await catalog.tables.commit(newCommit({ table, add: [first] }));
    await catalog.tables.commit(newCommit({ table, base: 1, add: [second] }));
    await catalog.tables.commit(
      newCommit({ table, base: 2, operation: 'compact', add: [merged], remove: [first.id, second.id] }),
    );

    const idsAt = async (snapshot?: number) => (await catalog.tables.files(table, snapshot)).files.map(({ id }) => id);
    expect(await idsAt(1)).toEqual([first.id]);
    expect(await idsAt(2)).toEqual([second.id, first.id]);
    expect(await idsAt()).toEqual([merged.id]);
    await expect(idsAt(4)).rejects.toMatchObject({ code: 'INVALID_VALUE' });

    const snapshots = await catalog.tables.snapshots(table);
    expect(
      snapshots.map(({ id, operation, rowsAdded, rowsRemoved }) => [id, operation, rowsAdded, rowsRemoved]),
    ).toEqual([
      [1, 'append', 3, 0],
      [2, 'append', 4, 0],
      [3, 'compact', 7, 7],
    ]);
    expect(snapshots[2]!.committedAt).toBeGreaterThanOrEqual(snapshots[0]!.committedAt);
  });

  test('changes lists what stayed, and the sequences that went', async () => {
    const table = newTable();
    const [kept, old, between] = [fakeFile(), fakeFile(), fakeFile()];
    await catalog.tables.commit(newCommit({ table, add: [old] }));
    await catalog.tables.commit(newCommit({ table, base: 1, add: [between, kept] }));
    await catalog.tables.commit(
      newCommit({
        table,
        base: 2,
        operation: 'replace',
        remove: [between.id],
        removedSequences: [{ start: 5n, end: 2n ** 60n }],
      }),
    );
    const changes = await catalog.tables.changes(table, 1, 3);
    expect(changes.files.map(({ id }) => id)).toEqual([kept.id]);
    expect(changes.removedSequences).toEqual([{ start: 5n, end: 2n ** 60n }]);
    expect((await catalog.tables.changes(table, 1, 2)).removedSequences).toEqual([]);
  });

  test('quarantined rows become a snapshot of the sibling table', async () => {
    const table = newTable();
    const bad = fakeFile({ path: 'quarantine/x/1.parquet', minEvent: null, maxEvent: null });
    await catalog.tables.commit(newCommit({ table, quarantine: [bad] }));
    const quarantine: TableKey = { ...table, kind: 'quarantine' };
    expect((await catalog.tables.files(quarantine)).files.map(({ id }) => id)).toEqual([bad.id]);
    const listed = (await catalog.tables.list('demo')).filter(({ name }) => name === table.name);
    expect(listed).toEqual([quarantine, table]);
  });

  test('a commit that fails leaves nothing', async () => {
    const table = newTable();
    const conservation = { range: { from: 0n, to: 1n }, rowsIn: 3, committed: 1, quarantined: 1, deduplicated: 0 };
    const broken = newCommit({ table, add: [fakeFile()], conservation: [conservation] });
    await expect(catalog.tables.commit(broken)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await catalog.tables.head(table)).toBe(0);
    expect(await catalog.tables.committed(broken.idempotencyKey)).toBeUndefined();
  });

  test('more rows than one statement can take', async () => {
    const table = newTable();
    const inputs = Array.from({ length: 9_000 }, (_, i) => input({ path: `/data/${i}.csv`, sequenceStart: BigInt(i) }));
    await catalog.tables.commit(newCommit({ table, inputs }));
    expect(await catalog.tables.inputs(table)).toEqual(inputs);
  });

  test('conservation is summed by interval', async () => {
    const table = newTable();
    const range = { from: 0n, to: 10n };
    const account = { range, rowsIn: 5, committed: 3, quarantined: 1, deduplicated: 1 };
    await catalog.tables.commit(newCommit({ table, conservation: [account] }));
    await catalog.tables.commit(newCommit({ table, base: 1, conservation: [account] }));
    expect(await catalog.tables.conservation(table)).toEqual([
      { range, rowsIn: 10, committed: 6, quarantined: 2, deduplicated: 2 },
    ]);
  });
});

describe('idempotency', () => {
  test('a repeated call answers with the first result and changes nothing', async () => {
    const table = newTable();
    const commit = newCommit({ table, add: [fakeFile()] });
    expect(await catalog.tables.commit(commit)).toEqual({ snapshot: 1, repeated: false });
    await catalog.tables.commit(newCommit({ table, base: 1 }));
    expect(await catalog.tables.commit(commit)).toEqual({ snapshot: 1, repeated: true });
    expect(await catalog.tables.committed(commit.idempotencyKey)).toEqual({ snapshot: 1, repeated: true });
    expect(await catalog.tables.head(table)).toBe(2);
  });

  test('two calls that race make one snapshot', async () => {
    const table = newTable();
    const commit = newCommit({ table, add: [fakeFile()] });
    const results = await Promise.all([commit, commit, commit, commit].map((same) => catalog.tables.commit(same)));
    expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(results.map(({ snapshot }) => snapshot)).toEqual([1, 1, 1, 1]);
  });

  test('a key belongs to one table', async () => {
    const commit = newCommit({ table: newTable() });
    await catalog.tables.commit(commit);
    const elsewhere = { ...commit, table: newTable() };
    await expect(catalog.tables.commit(elsewhere)).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });
});

describe('concurrent commits', () => {
  test('appends from many processes form one line of snapshots', async () => {
    const table = newTable();
    const other = await openCatalog({ url: database.url });
    const commits = Array.from({ length: 40 }, (_, i) =>
      [catalog, other][i % 2]!.tables.commit(newCommit({ table, add: [fakeFile()] })),
    );
    const results = await Promise.all(commits);
    await other.close();
    const line = Array.from({ length: 40 }, (_, i) => i + 1);
    expect(results.map(({ snapshot }) => snapshot).sort((a, b) => a - b)).toEqual(line);
    expect((await catalog.tables.files(table)).files).toHaveLength(40);
  });

  test('a compaction and a replacement of the same file exclude each other', async () => {
    const table = newTable();
    const file = fakeFile();
    await catalog.tables.commit(newCommit({ table, add: [file] }));
    const remove = { table, base: 1, remove: [file.id], add: [fakeFile()] };
    const both = [newCommit({ ...remove, operation: 'compact' }), newCommit({ ...remove, operation: 'replace' })];
    const results = await Promise.allSettled(both.map((commit) => catalog.tables.commit(commit)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'COMMIT_CONFLICT', retryable: true });
    expect((await catalog.tables.files(table)).files).toHaveLength(1);
  });

  test('a base that never was is refused', async () => {
    const commit = newCommit({ table: newTable(), base: 3 });
    await expect(catalog.tables.commit(commit)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('inputs', () => {
  test('a changed file replaces its earlier version', async () => {
    const table = newTable();
    await catalog.tables.commit(newCommit({ table, inputs: [input()] }));
    const changed = input({ checksum: 'c2', sequenceStart: 11n });
    const replacedInputs = [{ path: '/data/a.csv', checksum: 'c1' }];
    await catalog.tables.commit(newCommit({ table, base: 1, operation: 'replace', inputs: [changed], replacedInputs }));
    expect(await catalog.tables.inputs(table)).toEqual([changed]);
    const late = newCommit({ table, base: 1, operation: 'replace', replacedInputs });
    await expect(catalog.tables.commit(late)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' });
  });

  test('a version that was ingested in parts is replaced as one', async () => {
    const table = newTable();
    const parts = [0n, 5n].map((from) => input({ range: { from, to: from + 5n } }));
    await catalog.tables.commit(newCommit({ table, inputs: parts }));
    const changed = input({ checksum: 'c2' });
    const replacedInputs = parts.map(({ path, checksum }) => ({ path, checksum }));
    await catalog.tables.commit(newCommit({ table, base: 1, operation: 'replace', inputs: [changed], replacedInputs }));
    expect(await catalog.tables.inputs(table)).toEqual([changed]);
  });

  const whole = input();
  const part = input({ range: { from: 0n, to: 5n } });
  test.each([
    { what: 'the same version', first: whole, second: whole, outcome: 'rejected' },
    { what: 'another version', first: whole, second: input({ checksum: 'c2' }), outcome: 'rejected' },
    { what: 'an overlapping part', first: part, second: input({ range: { from: 4n, to: 9n } }), outcome: 'rejected' },
    { what: 'the part behind it', first: part, second: input({ range: { from: 5n, to: 9n } }), outcome: 'fulfilled' },
    { what: 'another file', first: whole, second: input({ path: '/data/b.csv' }), outcome: 'fulfilled' },
  ])(
    'of two runs that planned on one snapshot, the second with $what is $outcome',
    async ({ first, second, outcome }) => {
      const table = newTable();
      await catalog.tables.commit(newCommit({ table, inputs: [first] }));
      const [result] = await Promise.allSettled([catalog.tables.commit(newCommit({ table, inputs: [second] }))]);
      expect(result.status).toBe(outcome);
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'COMMIT_CONFLICT' });
    },
  );

  test('a run that has seen the other decides for itself', async () => {
    const table = newTable();
    await catalog.tables.commit(newCommit({ table, inputs: [input({ range: { from: 0n, to: 5n } })] }));
    await catalog.tables.commit(newCommit({ table, base: 1, inputs: [input({ range: { from: 4n, to: 9n } })] }));
    expect(await catalog.tables.inputs(table)).toHaveLength(2);
  });
});

describe('intervals', () => {
  const newView = () => newTable({ kind: 'view', version: 'f1' });
  const done = (table: TableKey, from: bigint, to: bigint, inputSnapshot: number) =>
    ledgerAppend('done', from, to, { view: table.name, inputSnapshot });

  test('two runs that did the same interval: the second reads the ledger again', async () => {
    const table = newView();
    const commits = [1, 2].map(() => newCommit({ table, add: [fakeFile()], ledger: [done(table, 0n, 10n, 1)] }));
    const results = await Promise.allSettled(commits.map((commit) => catalog.tables.commit(commit)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await catalog.tables.files(table)).files).toHaveLength(1);
  });

  test('other intervals pass side by side', async () => {
    const table = newView();
    const commits = [0n, 10n, 20n].map((from) => newCommit({ table, ledger: [done(table, from, from + 10n, 1)] }));
    await Promise.all(commits.map((commit) => catalog.tables.commit(commit)));
    expect(await catalog.tables.head(table)).toBe(3);
  });

  test('an interval is redone by a commit that has seen the first', async () => {
    const table = newView();
    const first = fakeFile();
    await catalog.tables.commit(newCommit({ table, add: [first], ledger: [done(table, 0n, 10n, 1)] }));
    await catalog.tables.commit(
      newCommit({ table, base: 1, operation: 'replace', remove: [first.id], ledger: [done(table, 0n, 10n, 1)] }),
    );
    expect(await catalog.tables.head(table)).toBe(2);
  });

  test('work that has not read the newest rows of its interval is refused', async () => {
    const [source, table] = [newTable(), newView()];
    const dirty = ledgerAppend('dirty', 5n, 6n, { view: table.name });
    await catalog.tables.commit(newCommit({ table: source }));
    await catalog.tables.commit(newCommit({ table: source, base: 1, ledger: [dirty] }));
    const late = newCommit({ table, ledger: [done(table, 0n, 10n, 1)] });
    await expect(catalog.tables.commit(late)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' });
    await catalog.tables.commit(newCommit({ table, ledger: [done(table, 0n, 10n, 2), done(table, 10n, 20n, 1)] }));
  });

  test('a dirty entry of a source commit carries the snapshot that the commit made', async () => {
    const [source, table] = [newTable(), newView()];
    await catalog.tables.commit(newCommit({ table: source }));
    const dirty = ledgerAppend('dirty', 5n, 6n, { view: table.name });
    await catalog.tables.commit(newCommit({ table: source, base: 1, ledger: [dirty] }));
    const entries = await catalog.intervals.entries({ ...dirty });
    expect(entries.map(({ operation, inputSnapshot }) => [operation, inputSnapshot])).toEqual([['dirty', 2]]);
  });
});

describe('sequences', () => {
  test('blocks follow each other, and a key keeps its block', async () => {
    const table = newTable();
    const reserve = (key: string, count: bigint) => catalog.tables.reserveSequences({ table, key, count });
    const first = await reserve('a', 2n ** 40n);
    expect(await reserve('b', 5n)).toBe(first + 2n ** 40n);
    expect(await reserve('a', 2n ** 40n)).toBe(first);
    await expect(reserve('a', 6n)).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  test('racing reservations do not overlap', async () => {
    const table = newTable();
    const keys = Array.from({ length: 30 }, (_, i) => `key-${i % 15}`);
    const starts = await Promise.all(keys.map((key) => catalog.tables.reserveSequences({ table, key, count: 10n })));
    expect(starts.slice(0, 15)).toEqual(starts.slice(15));
    const sorted = [...new Set(starts)].sort((a, b) => Number(a - b));
    expect(sorted.map((start) => start - sorted[0]!)).toEqual(Array.from({ length: 15 }, (_, i) => BigInt(i * 10)));
  });

  test('a reservation is no commit', async () => {
    const table = newTable({ project: 'reserved' });
    await catalog.tables.reserveSequences({ table, key: 'a', count: 1n });
    expect(await catalog.tables.list('reserved')).toEqual([]);
  });
});

test('known paths are those of every snapshot, of one project', async () => {
  const table = newTable({ project: 'known' });
  const [gone, kept] = [fakeFile(), fakeFile()];
  await catalog.tables.commit(newCommit({ table, add: [gone] }));
  await catalog.tables.commit(newCommit({ table, base: 1, operation: 'replace', remove: [gone.id], add: [kept] }));
  await catalog.tables.commit(newCommit({ table: { ...table, project: 'other' }, add: [fakeFile()] }));
  expect([...(await catalog.tables.knownPaths('known'))].sort()).toEqual([gone.path, kept.path].sort());
});
