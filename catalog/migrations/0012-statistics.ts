/** Statistics of the columns of a view by stretches of its rows, and what drift is measured against. */
export const statistics: readonly string[] = [
  `create table asof.column_statistics (
    project text not null,
    target text not null,
    fingerprint text not null,
    column_name text not null,
    range_from int8 not null,
    range_to int8 not null,
    snapshot int4 not null,
    fit int4 not null,
    state json not null,
    measured_at int8 not null default (extract(epoch from clock_timestamp()) * 1000000)::int8,
    primary key (project, target, fingerprint, range_from, range_to, column_name)
  )`,
  `create index column_statistics_age on asof.column_statistics (project, measured_at)`,
  `create table asof.drift_baselines (
    id int8 generated always as identity primary key,
    project text not null,
    target text not null,
    fingerprint text not null,
    name text not null,
    baseline json not null,
    unique (project, target, fingerprint, name)
  )`,
];
