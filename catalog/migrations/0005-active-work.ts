/** Who works on the lake at the moment without being a durable run: commands, programs and the API. */
const NOW = `(extract(epoch from clock_timestamp()) * 1000000)::int8`;

export const activeWork: readonly string[] = [
  `create table asof.active_work (
    id text primary key,
    project text not null,
    started_at int8 not null default ${NOW},
    renewed_at int8 not null default ${NOW}
  )`,
  `create index active_work_project on asof.active_work (project)`,
];
