/** Up to when a stream has brought each partition of its topic to the values of a version: partition to microseconds, as text. */
export const streamed: readonly string[] = [
  `alter table asof.online_positions add column streamed jsonb not null default '{}'`,
];
