/** Some of the vectors that were served, and what checks of them found. Keys of entities stand in the samples alone. */
export const consistency: readonly string[] = [
  `create table asof.served_samples (
    id int8 generated always as identity primary key,
    project text not null,
    served_at int8 not null,
    sample json not null
  )`,
  `create index served_samples_project on asof.served_samples (project, id)`,
  `create index served_samples_time on asof.served_samples (project, served_at)`,
  `create table asof.consistency_reports (
    id int8 generated always as identity primary key,
    project text not null,
    run_id text not null,
    report json not null,
    unique (project, run_id)
  )`,
];
