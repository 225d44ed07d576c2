/** Rows by event day: what conservation is stored by, and what files are cut by. */
import type { Conservation } from '../contracts/lake.ts';
import { MICROS_PER_DAY, type Micros } from '../contracts/time.ts';
import type { Session } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';

export interface DayCount {
  /** The day's first instant; null for rows without an event time. */
  readonly day: Micros | null;
  readonly rows: number;
  /** The day's first and last event, where they are known. */
  readonly first?: Micros;
  readonly last?: Micros;
}

/** An expression for the first instant of a row's event day, as a TIMESTAMP. */
export function eventDay(eventColumn: string): string {
  return `date_trunc('day', ${quoteIdentifier(eventColumn)})`;
}

/** In order of the days. */
export async function countDays(session: Session, relation: string, eventColumn: string): Promise<readonly DayCount[]> {
  const event = quoteIdentifier(eventColumn);
  const rows = await session.rows(
    `SELECT ${eventDay(eventColumn)} AS day, count(*) AS n, min(${event}) AS first, max(${event}) AS last
FROM ${relation} GROUP BY 1 ORDER BY 1 NULLS FIRST`,
  );
  return rows.map((row) => {
    const day = row['day'] as Micros | null;
    const counted = { day, rows: Number(row['n']) };
    return day === null ? counted : { ...counted, first: row['first'] as Micros, last: row['last'] as Micros };
  });
}

/** What happened to the rows of every day, from counts of parts in any order. */
export function conserve(counts: {
  readonly committed: readonly DayCount[];
  readonly quarantined: readonly DayCount[];
  readonly deduplicated?: readonly DayCount[];
}): readonly Conservation[] {
  const days = new Map<Micros | null, { committed: number; quarantined: number; deduplicated: number }>();
  const of = (day: Micros | null) => {
    const entry = days.get(day) ?? { committed: 0, quarantined: 0, deduplicated: 0 };
    days.set(day, entry);
    return entry;
  };
  for (const { day, rows } of counts.committed) of(day).committed += rows;
  for (const { day, rows } of counts.quarantined) of(day).quarantined += rows;
  for (const { day, rows } of counts.deduplicated ?? []) of(day).deduplicated += rows;
  return [...days].map(([day, { committed, quarantined, deduplicated }]) => ({
    range: dayRange(day),
    rowsIn: committed + quarantined + deduplicated,
    ...{ committed, quarantined, deduplicated },
  }));
}

/** Rows without an event time stand under an empty range at 1970. */
export function dayRange(day: Micros | null): Conservation['range'] {
  return day === null ? { from: 0n, to: 0n } : { from: day, to: day + BigInt(MICROS_PER_DAY) };
}
