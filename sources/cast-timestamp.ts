/** SQL that reads instants: ISO 8601 text with any offset and fraction, and wall-clock times in a declared zone. */
import { literalText } from '../engine/sql.ts';

const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const ZONE = '[Zz]|[+-](?:0[0-9]|1[0-8])(?::?[0-5][0-9])?';
/** The form that the engine casts by itself, for nearly every value there is. */
const COMMON = `${DATE}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?`;
const PARTS = `^(${DATE})(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?[ ]*(${ZONE})?$`;
const PART_NAMES = "['date', 'time', 'second', 'fraction', 'zone']";

/**
 * A TIMESTAMP expression (UTC) for text; null where the text is no instant. Digits beyond the sixth are cut. Text
 * without a zone is a wall-clock time in `timezone`.
 */
export function instantFromText(text: string, timezone: string | null): string {
  const common = instantFromLocal(`TRY_CAST(${text} AS TIMESTAMP)`, timezone);
  return (
    `CASE WHEN regexp_full_match(${text}, '${COMMON}') THEN ${common} ` +
    `WHEN regexp_full_match(${text}, '${COMMON}Z') THEN TRY_CAST(${text} AS TIMESTAMP) ` +
    `WHEN regexp_matches(${text}, '${PARTS}') THEN ${instantFromParts(text, timezone)} END`
  );
}

/** The instant of a wall-clock TIMESTAMP in `timezone`; a time that a clock change skips or repeats is read as ICU does. */
export function instantFromLocal(local: string, timezone: string | null): string {
  const written = withinCalendar(local);
  return timezone === null ? written : `timezone('UTC', timezone(${literalText(timezone)}, ${written}))`;
}

/** The TIMESTAMP if four digits write its year: null for infinities, and for what an epoch in another unit looks like. */
export function withinCalendar(instant: string): string {
  return `CASE WHEN ${instant} BETWEEN TIMESTAMP '0000-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' THEN ${instant} END`;
}

function instantFromParts(text: string, timezone: string | null): string {
  const part = (name: string): string => `regexp_extract(${text}, '${PARTS}', ${PART_NAMES})['${name}']`;
  const or = (name: string, fallback: string): string => `coalesce(nullif(${part(name)}, ''), '${fallback}')`;
  const clock = `${or('time', '00:00')} || ':' || ${or('second', '00')} || '.' || ${or('fraction', '0')}`;
  const wall = `TRY_CAST(${part('date')} || ' ' || ${clock} AS TIMESTAMP)`;
  const digits = `rpad(replace(substr(${part('zone')}, 2), ':', ''), 4, '0')`;
  const minutes = `(substr(${digits}, 1, 2)::INTEGER * 60 + substr(${digits}, 3, 2)::INTEGER)`;
  const offset = `to_minutes(CASE WHEN ${part('zone')}[1] = '-' THEN -${minutes} ELSE ${minutes} END)`;
  return (
    `CASE WHEN ${part('zone')} = '' THEN ${instantFromLocal(wall, timezone)} ` +
    `WHEN lower(${part('zone')}) = 'z' THEN ${wall} ELSE ${wall} - ${offset} END`
  );
}
