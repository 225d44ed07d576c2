/**
 * The preparation step: three million real flights from `vega-datasets`, with `known_at` added, the instant at which a
 * flight's delay was known; the airports with an instant from which they are valid; and two spines.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const vega = fileURLToPath(new URL('../../node_modules/vega-datasets/data', import.meta.url));

export interface PreparedData {
  readonly flights: string;
  readonly airports: string;
  /** Flights to learn from, labelled: late is more than 15 minutes after the schedule. */
  readonly spine: string;
  /** Busy routes at the data's last instant. */
  readonly lastInstantSpine: string;
}

export interface PrepareOptions {
  /** Take the first flights only; null for all of them. */
  readonly flights: number | null;
  readonly spineRows: number;
  /** Flights of the first days have too little history to learn from. */
  readonly warmUpDays: number;
  readonly routes: number;
  /** The data's last instant, ISO 8601. */
  readonly lastInstant: string;
}

/** Writes what is missing under `directory`; a second call finds everything and writes nothing. */
export async function prepareData(directory: string, options: PrepareOptions): Promise<PreparedData> {
  const prepared: PreparedData = {
    flights: path.join(directory, 'flights/flights.parquet'),
    airports: path.join(directory, 'airports.csv'),
    spine: path.join(directory, 'spine.parquet'),
    lastInstantSpine: path.join(directory, 'last-instant-spine.csv'),
  };
  await mkdir(path.dirname(prepared.flights), { recursive: true });
  const database = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2' });
  const connection = await database.connect();
  const write = async (file: string, query: string, format: string): Promise<void> => {
    if (existsSync(file)) return;
    const half = `${file}.half`;
    await connection.run(`COPY (${query}) TO '${half}' (${format})`);
    await rename(half, file);
  };
  try {
    const limit = options.flights === null ? '' : `LIMIT ${options.flights}`;
    await write(
      prepared.flights,
      `SELECT date, date + to_minutes(delay) AS known_at, delay, distance, origin, destination
       FROM (SELECT * FROM '${vega}/flights-3m.parquet' ${limit})`,
      'FORMAT parquet, COMPRESSION zstd',
    );
    await write(
      prepared.airports,
      `SELECT iata, name, state, latitude, longitude, '1990-01-01T00:00:00Z' AS valid_from
       FROM read_csv('${vega}/airports.csv', header = true)`,
      'FORMAT csv, HEADER',
    );
    await write(
      prepared.spine,
      `SELECT origin, destination, date AS event_timestamp, delay > 15 AS is_late
       FROM (
         SELECT * FROM (SELECT *, row_number() OVER () AS place FROM '${prepared.flights}')
         WHERE date >= (SELECT min(date) FROM '${prepared.flights}') + INTERVAL ${options.warmUpDays} DAY
         ORDER BY hash(place) LIMIT ${options.spineRows}
       ) ORDER BY date, place`,
      'FORMAT parquet, COMPRESSION zstd',
    );
    await write(
      prepared.lastInstantSpine,
      `SELECT origin, destination, '${options.lastInstant}' AS event_timestamp
       FROM '${prepared.flights}'
       WHERE date >= TIMESTAMP '${options.lastInstant.replace('Z', '')}' - INTERVAL 1 DAY
       GROUP BY ALL ORDER BY count(*) DESC, origin, destination LIMIT ${options.routes}`,
      'FORMAT csv, HEADER',
    );
  } finally {
    connection.closeSync();
    database.closeSync();
    await rm(`${prepared.flights}.half`, { force: true });
  }
  return prepared;
}
