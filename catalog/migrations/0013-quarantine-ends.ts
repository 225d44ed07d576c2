/** Which of the rows that were set aside were replayed or dropped. */
export const quarantineEnds: readonly string[] = [
  `create table asof.quarantine_ends (
    table_id int4 not null references asof.tables (id),
    sequence_start int8 not null,
    sequence_end int8 not null check (sequence_end > sequence_start),
    outcome text not null check (outcome in ('replayed', 'dropped')),
    snapshot int4,
    run_id text not null,
    primary key (table_id, sequence_start)
  )`,
];
