"""Point-in-time join with Polars' streaming engine: keep the newest row of each instant, join_asof, drop what is too old."""
from datetime import timedelta

import polars as pl
from measure import measure


def join(task):
    joined = pl.scan_parquet(task["spine"]).with_row_index("row").sort("event_timestamp")
    columns = []
    for view in task["views"]:
        renamed = {value: f"{view['name']}__{value}" for value in view["values"]}
        columns.extend(renamed.values())
        features = (
            pl.scan_parquet(view["files"])
            .select("key", "event_ts", "created_ts", *renamed)
            .sort("key", "event_ts", "created_ts")
            .unique(subset=["key", "event_ts"], keep="last", maintain_order=True)
            .drop("created_ts")
            .sort("event_ts")
            .rename(renamed)
        )
        joined = joined.join_asof(
            features,
            left_on="event_timestamp",
            right_on="event_ts",
            by="key",
            strategy="backward",
            tolerance=timedelta(days=7),
            check_sortedness=False,
            coalesce=True,
        ).drop("event_ts", strict=False)
    joined.sort("row").select("key", "event_timestamp", *columns).sink_parquet(task["output"], compression="zstd")


measure(join)
