/** Partitions of the rows of dataset versions. */
const NOW = `(extract(epoch from clock_timestamp()) * 1000000)::int8`;

export const datasetSplits: readonly string[] = [
  `create table asof.dataset_splits (
    id int8 generated always as identity primary key,
    project text not null,
    name text not null,
    version int4 not null,
    rule json not null,
    parts json not null,
    file json not null,
    created_at int8 not null default ${NOW},
    foreign key (project, name, version) references asof.datasets (project, name, version)
  )`,
  `create index dataset_splits_of on asof.dataset_splits (project, name, version)`,
];
