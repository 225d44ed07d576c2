/** How far each partition of a topic was read, and what of it was gone by then. */
export const topicRanges: readonly string[] = [
  `create table asof.topic_ranges (
    table_id int4 not null,
    snapshot int4 not null,
    topic text not null,
    "partition" int4 not null,
    offset_from int8 not null,
    offset_to int8 not null check (offset_to > offset_from),
    lost bool not null,
    primary key (table_id, topic, "partition", offset_from),
    foreign key (table_id, snapshot) references asof.snapshots (table_id, id)
  )`,
];
