/**
 * Compaction, retention and statistics: which snapshot brought the newest of a file's rows, which snapshots and files have
 * expired, what columns hold, and how many committed rows a source's own retention took away again.
 */
export const storageUpkeep: readonly string[] = [
  `alter table asof.snapshots drop constraint snapshots_operation_check`,
  `alter table asof.snapshots add constraint snapshots_operation_check
     check (operation in ('append', 'replace', 'compact', 'expire'))`,
  `alter table asof.snapshots add column expired_at int8`,
  `alter table asof.files add column rows_from int4`,
  `alter table asof.files add column statistics json`,
  `alter table asof.files add column expired_at int8`,
  `create index files_ended on asof.files (table_id, end_snapshot) where end_snapshot is not null`,
  `alter table asof.conservation add column expired int8 not null default 0`,
];
