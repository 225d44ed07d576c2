"""Window aggregates with DuckDB: events and requests in one relation with RANGE frames over it, the last rows by an as-of join."""
import duckdb
from measure import measure

# window and the grid that its start is floored to
WINDOWS = {"1h": ("1 hour", "1 minute"), "1d": ("1 day", "15 minutes"), "7d": ("7 days", "1 hour")}


def aggregate(task):
    database = duckdb.connect()
    events, spine = task["views"][0]["files"], task["spine"]
    frames, values = [], []
    for name, (window, grid) in WINDOWS.items():
        # the floor is said as a distance from the row's own time
        distance = f"moment - time_bucket(INTERVAL '{grid}', moment - INTERVAL '{window}', TIMESTAMP '1970-01-01')"
        frame = f"RANGE BETWEEN {distance} PRECEDING AND INTERVAL '1 microsecond' PRECEDING"
        frames.append(f"w{name} AS (PARTITION BY key ORDER BY moment {frame})")
        values += [f"count(value) OVER w{name} AS windows__count_{name}"]
        values += [f"sum(value) OVER w{name} AS windows__sum_{name}"]
    values.append("max(value) OVER w7d AS windows__max_7d")
    database.execute(f"""COPY (
      WITH requests AS (SELECT key, event_timestamp AS moment, file_row_number AS request
                        FROM read_parquet('{spine}', file_row_number = true)),
      framed AS (
        SELECT key, moment, request, {", ".join(values)}
        FROM (SELECT key, event_ts AS moment, value, NULL AS request FROM read_parquet('{events}')
              UNION ALL SELECT key, moment, NULL, request FROM requests)
        WINDOW {", ".join(frames)}
      ),
      lasts AS (
        SELECT key, event_ts, sum(value) OVER (PARTITION BY key ORDER BY event_ts ROWS 9 PRECEDING) AS total
        FROM read_parquet('{events}')
      )
      SELECT f.* EXCLUDE (moment, request), f.moment AS event_timestamp, l.total AS windows__sum_last_10
      FROM (SELECT * FROM framed WHERE request IS NOT NULL) f
      ASOF LEFT JOIN lasts l ON f.key = l.key AND f.moment > l.event_ts
      ORDER BY f.request
    ) TO '{task["output"]}' (FORMAT parquet, COMPRESSION zstd)""")


measure(aggregate)
