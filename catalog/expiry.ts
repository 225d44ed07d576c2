/**
 * Snapshots that nobody may read any more, and the files that only they showed. Expiring is a decision of the catalog
 * alone; the bytes go later, by gc, after its grace: whoever opened a snapshot just before can read it to the end.
 */
import { sql } from 'kysely';
import { oldestWork } from './active-work.ts';
import type { Database, Queries } from './database.ts';
import { committedFile } from './rows.ts';
import type { CommittedFile } from '../contracts/lake.ts';

export interface ExpireRequest {
  readonly project: string;
  /** A snapshot expires when it was superseded longer ago than this. */
  readonly olderThanMicros: number;
  /** Snapshots of these sources from these on are kept: what Redis holds is compared with them. */
  readonly keepFrom: readonly { readonly source: string; readonly snapshot: number }[];
  /** The run that asks: it holds nothing back itself. */
  readonly exceptRun: string;
}

export interface ExpiredSnapshots {
  readonly snapshots: number;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Expires the snapshots of a project that were superseded long enough ago. Kept whatever their age: the newest of each
 * table, what a dataset pins, everything from `keepFrom` on, and everything that was the newest while something that has
 * not ended (other than the run `exceptRun`) was under way. Repeating the call expires what became old meanwhile.
 */
export async function expireSnapshots(database: Database, request: ExpireRequest): Promise<ExpiredSnapshots> {
  return database.transaction(async (tx) => {
    const { project } = request;
    const now = await databaseClock(tx);
    const running = await oldestWork(tx, project, request.exceptRun);
    const superseded = now - BigInt(request.olderThanMicros);
    const before = running !== undefined && running < superseded ? running : superseded;
    const keep = request.keepFrom;
    const snapshots = await sql<{ table_id: number }>`
      update asof.snapshots s set expired_at = ${now}
      from asof.tables t, asof.snapshots next
      where s.table_id = t.id and t.project = ${project} and s.expired_at is null
        and next.table_id = s.table_id and next.id = s.id + 1 and next.committed_at < ${before}
        and not exists (
          select 1 from unnest(${keep.map(({ source }) => source)}::text[], ${keep.map(({ snapshot }) => snapshot)}::int4[])
            as kept (source, snapshot)
          where t.kind = 'source' and t.name = kept.source and s.id >= kept.snapshot
        )
        and not exists (
          select 1 from asof.datasets d, json_each_text(d.manifest -> 'snapshots') pinned
          where d.project = ${project} and t.kind = 'source' and pinned.key = t.name and pinned.value = s.id::text
        )
      returning s.table_id`.execute(tx);
    if (snapshots.rows.length === 0) return { snapshots: 0, files: 0, bytes: 0 };
    const tables = [...new Set(snapshots.rows.map((row) => row.table_id))];
    const files = await sql<{ bytes: bigint }>`
      update asof.files f set expired_at = ${now}
      where f.table_id = any(${tables}::int4[]) and f.end_snapshot is not null and f.expired_at is null
        and not exists (
          select 1 from asof.snapshots s
          where s.table_id = f.table_id and s.expired_at is null
            and s.id >= f.begin_snapshot and s.id < f.end_snapshot
        )
      returning f.bytes`.execute(tx);
    const bytes = files.rows.reduce((sum, file) => sum + Number(file.bytes), 0);
    return { snapshots: snapshots.rows.length, files: files.rows.length, bytes };
  });
}

/** Paths of files whose last snapshot expired more than `graceMicros` ago. */
export async function expiredPaths(db: Queries, project: string, graceMicros: number): Promise<ReadonlySet<string>> {
  const before = (await databaseClock(db)) - BigInt(graceMicros);
  const rows = await db
    .selectFrom('files as f')
    .innerJoin('tables as t', 't.id', 'f.table_id')
    .select('f.path')
    .where('t.project', '=', project)
    .where('f.expired_at', '<=', before)
    .execute();
  return new Set(rows.map(({ path }) => path));
}

/** Drops the records of files that have expired and whose bytes are gone; others are left alone. */
export async function forgetFiles(database: Database, project: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await database.transaction(async (tx) => {
    await sql`
      delete from asof.files f using asof.tables t
      where t.id = f.table_id and t.project = ${project} and f.expired_at is not null
        and f.path = any(${[...paths]}::text[])`.execute(tx);
  });
}

/** The files that some snapshot still shows, by path. */
export async function filesOfLiveSnapshots(db: Queries, tableId: number): Promise<readonly CommittedFile[]> {
  const rows = await db
    .selectFrom('files')
    .selectAll()
    .where('table_id', '=', tableId)
    .where('expired_at', 'is', null)
    .orderBy(sql`path collate "C"`)
    .execute();
  return rows.map(committedFile);
}

async function databaseClock(db: Queries): Promise<bigint> {
  const result = await sql<{ now: bigint }>`
    select (extract(epoch from clock_timestamp()) * 1000000)::int8 as now`.execute(db);
  return result.rows[0]!.now;
}
