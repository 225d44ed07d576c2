/** Fits of transforms, and the ones that services hold. `fit_changes` tells readers that something of a project moved. */
const NOW = `(extract(epoch from clock_timestamp()) * 1000000)::int8`;

export const fits: readonly string[] = [
  `create table asof.fits (
    project text not null,
    view text not null,
    version int4 not null check (version > 0),
    fingerprint text not null,
    features json not null,
    range_from int8,
    range_until int8 not null,
    snapshot int4 not null,
    rows int8 not null,
    created_at int8 not null default ${NOW},
    primary key (project, view, version)
  )`,
  `create table asof.service_fits (
    project text not null,
    service text not null,
    view text not null,
    fingerprint text not null,
    version int4 not null,
    primary key (project, service, view, fingerprint),
    foreign key (project, view, version) references asof.fits (project, view, version)
  )`,
  `create table asof.fit_changes (
    project text primary key,
    changes int8 not null
  )`,
];
