"""Point-in-time join in hand-written DuckDB SQL: deduplicate by (key, event), then ASOF JOIN."""
import duckdb
from measure import measure

QUERY = """
COPY (
  WITH newest AS (
    SELECT * EXCLUDE (place) FROM (
      SELECT *, row_number() OVER (PARTITION BY key, event_ts ORDER BY created_ts DESC) AS place
      FROM read_parquet('{features}')
    ) WHERE place = 1
  )
  SELECT s.key, s.event_timestamp, {values}
  FROM (SELECT *, row_number() OVER () AS row FROM read_parquet('{spine}')) s
  ASOF LEFT JOIN newest f ON s.key = f.key AND s.event_timestamp >= f.event_ts
  ORDER BY s.row
) TO '{output}' (FORMAT parquet, COMPRESSION zstd)
"""


def join(features_path, spine_path, output_path):
    values = ", ".join(
        f"CASE WHEN f.event_ts >= s.event_timestamp - INTERVAL 7 DAY THEN f.f{i} END AS f{i}" for i in range(10)
    )
    connection = duckdb.connect()
    connection.execute(
        QUERY.format(features=features_path, spine=spine_path, output=output_path, values=values)
    )
    return connection.execute(f"SELECT count(*), sum(f0) FROM read_parquet('{output_path}')").fetchone()


measure(join)
