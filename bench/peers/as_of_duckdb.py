"""Point-in-time join in hand-written DuckDB SQL: ASOF JOIN on event and created packed into one number."""
import duckdb
from measure import measure

# created follows event by less than 2^40 microseconds, twelve days
VIEW = """
  SELECT *, epoch_us(event_ts)::HUGEINT * 1099511627776 + epoch_us(created_ts) - epoch_us(event_ts) AS packed
  FROM read_parquet('{files}')
"""
REQUEST = "epoch_us(s.event_timestamp)::HUGEINT * 1099511627776 + 1099511627775"

QUERY = """
COPY (
  SELECT s.key, s.event_timestamp, {values}
  FROM (SELECT *, row_number() OVER () AS row FROM read_parquet('{spine}')) s
  {joins}
  ORDER BY s.row
) TO '{output}' (FORMAT parquet, COMPRESSION zstd)
"""


def join(task):
    values, joins = [], []
    for view in task["views"]:
        name = view["name"]
        values += [
            f"CASE WHEN {name}.event_ts >= s.event_timestamp - INTERVAL 7 DAY THEN {name}.{value} END AS {name}__{value}"
            for value in view["values"]
        ]
        relation = VIEW.format(files=view["files"])
        joins.append(f"ASOF LEFT JOIN ({relation}) {name} ON s.key = {name}.key AND {REQUEST} >= {name}.packed")
    connection = duckdb.connect()
    connection.execute(
        QUERY.format(spine=task["spine"], output=task["output"], values=", ".join(values), joins="\n  ".join(joins))
    )


measure(join)
