/** How far the sources of databases have read, and where the hashes of the rows stand that the next read meets again. */
export const databaseReads: readonly string[] = [
  `create table asof.database_reads (
    table_id int4 not null,
    snapshot int4 not null,
    cursor_column text,
    cursor_value text,
    seen_path text not null,
    seen_rows int8 not null,
    seen_bytes int8 not null,
    seen_checksum text not null,
    primary key (table_id, snapshot),
    foreign key (table_id, snapshot) references asof.snapshots (table_id, id)
  )`,
];
