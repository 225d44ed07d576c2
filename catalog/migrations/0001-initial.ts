/** Format 1: definitions, tables of the lake, the interval ledger, datasets, runs and the lineage outbox. */

const NOW = `(extract(epoch from clock_timestamp()) * 1000000)::int8`;

export const initial: readonly string[] = [
  `create table asof.bundles (
    hash text primary key,
    code text not null
  )`,
  `create table asof.definitions (
    project text not null,
    version int4 not null,
    fingerprint text not null,
    manifest json not null,
    bundle_hash text not null references asof.bundles (hash),
    applied_at int8 not null default ${NOW},
    primary key (project, version)
  )`,
  `create index definitions_fingerprint on asof.definitions (project, fingerprint, version)`,
  `create table asof.definition_views (
    project text not null,
    version int4 not null,
    view text not null,
    fingerprint text not null,
    primary key (project, view, fingerprint, version),
    foreign key (project, version) references asof.definitions (project, version)
  )`,

  `create table asof.tables (
    id int4 generated always as identity primary key,
    project text not null,
    kind text not null check (kind in ('source', 'view', 'quarantine')),
    name text not null,
    version text not null,
    next_sequence int8 not null default 1,
    constraint tables_key unique (project, kind, name, version)
  )`,
  `create table asof.snapshots (
    table_id int4 not null references asof.tables (id),
    id int4 not null check (id > 0),
    operation text not null check (operation in ('append', 'replace', 'compact')),
    run_id text not null,
    committed_at int8 not null default ${NOW},
    rows_added int8 not null,
    rows_removed int8 not null,
    idempotency_key text constraint snapshots_idempotency_key unique,
    primary key (table_id, id)
  )`,
  `create table asof.files (
    id text primary key,
    table_id int4 not null,
    path text not null,
    rows int8 not null check (rows >= 0),
    bytes int8 not null,
    checksum text not null,
    min_event int8,
    max_event int8,
    max_created int8,
    min_sequence int8,
    max_sequence int8,
    bucket int4,
    columns json not null,
    begin_snapshot int4 not null,
    end_snapshot int4 check (end_snapshot > begin_snapshot),
    unique (table_id, path),
    foreign key (table_id, begin_snapshot) references asof.snapshots (table_id, id)
  )`,
  `create index files_snapshots on asof.files (table_id, begin_snapshot, end_snapshot)`,
  `create table asof.inputs (
    table_id int4 not null,
    path text not null,
    checksum text not null,
    bytes int8 not null,
    rows int8 not null,
    sequence_start int8 not null,
    range_from int8,
    range_to int8,
    begin_snapshot int4 not null,
    end_snapshot int4,
    foreign key (table_id, begin_snapshot) references asof.snapshots (table_id, id)
  )`,
  `create index inputs_path on asof.inputs (table_id, path)`,
  `create table asof.removed_sequences (
    table_id int4 not null,
    snapshot int4 not null,
    sequence_start int8 not null,
    sequence_end int8 not null check (sequence_end > sequence_start),
    foreign key (table_id, snapshot) references asof.snapshots (table_id, id)
  )`,
  `create index removed_sequences_snapshot on asof.removed_sequences (table_id, snapshot)`,
  `create table asof.conservation (
    table_id int4 not null,
    snapshot int4 not null,
    range_from int8 not null,
    range_to int8 not null,
    rows_in int8 not null,
    committed int8 not null,
    quarantined int8 not null,
    deduplicated int8 not null,
    constraint rows_are_conserved check (rows_in = committed + quarantined + deduplicated),
    foreign key (table_id, snapshot) references asof.snapshots (table_id, id)
  )`,
  `create index conservation_range on asof.conservation (table_id, range_from)`,
  `create table asof.sequence_blocks (
    table_id int4 not null references asof.tables (id),
    key text not null,
    start int8 not null,
    count int8 not null check (count >= 0),
    primary key (table_id, key)
  )`,

  `create table asof.ledger (
    position int8 generated always as identity primary key,
    project text not null,
    view text not null,
    fingerprint text not null,
    store text not null check (store in ('offline', 'online')),
    range_from int8 not null,
    range_to int8 not null check (range_to > range_from),
    operation text not null check (operation in ('done', 'dirty', 'removed')),
    idempotency_key text not null,
    run_id text not null,
    input_snapshot int4,
    table_snapshot int4,
    rows_in int8 not null,
    rows_out int8 not null,
    created_at int8 not null default ${NOW},
    constraint ledger_once unique (project, view, fingerprint, store, range_from, range_to, operation, idempotency_key)
  )`,
  `create table asof.online_positions (
    project text not null,
    view text not null,
    fingerprint text not null,
    store text not null,
    snapshot int4 not null,
    to_micros int8 not null,
    epoch text not null,
    keys int8 not null,
    primary key (project, view, fingerprint, store)
  )`,

  `create table asof.datasets (
    project text not null,
    name text not null,
    version int4 not null check (version > 0),
    idempotency_key text not null,
    manifest json not null,
    created_at int8 not null default ${NOW},
    primary key (project, name, version),
    constraint datasets_idempotency_key unique (project, idempotency_key)
  )`,
  `create table asof.runs (
    id text primary key,
    project text not null,
    workflow text not null,
    workflow_id text not null,
    target text not null,
    state text not null check (state in ('running', 'completed', 'failed', 'cancelled')),
    started_at int8 not null,
    ended_at int8,
    result json,
    error json
  )`,
  `create index runs_newest on asof.runs (project, started_at desc)`,
  `create table asof.lineage_outbox (
    id int8 generated always as identity primary key,
    project text not null,
    run_id text not null,
    type text not null check (type in ('START', 'COMPLETE', 'FAIL', 'ABORT')),
    job text not null,
    inputs json not null,
    outputs json not null,
    created_at int8 not null default ${NOW},
    constraint lineage_once unique (run_id, job, type)
  )`,
];
