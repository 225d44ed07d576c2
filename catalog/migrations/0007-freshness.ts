/** When views became fresh or stale online, and when the monitor last looked. */
export const freshness: readonly string[] = [
  `create table asof.freshness_changes (
    id int8 generated always as identity primary key,
    project text not null,
    view text not null,
    state text not null,
    before text,
    since int8 not null,
    noticed_at int8 not null,
    target_micros int8 not null
  )`,
  `create index freshness_changes_view on asof.freshness_changes (project, view, id)`,
  `create table asof.freshness_looks (
    project text primary key,
    looked_at int8 not null
  )`,
];
