"""Point-in-time join with Polars' streaming engine: keep the newest row of each instant, join_asof, drop what is too old."""
from datetime import timedelta

import polars as pl
from measure import measure


def join(features_path, spine_path, output_path):
    features = (
        pl.scan_parquet(features_path)
        .sort("key", "event_ts", "created_ts")
        .unique(subset=["key", "event_ts"], keep="last", maintain_order=True)
        .sort("event_ts")
        .with_columns(feature_ts=pl.col("event_ts"))
    )
    spine = pl.scan_parquet(spine_path).with_row_index("row").sort("event_timestamp")
    joined = spine.join_asof(
        features,
        left_on="event_timestamp",
        right_on="event_ts",
        by="key",
        strategy="backward",
        tolerance=timedelta(days=7),
        check_sortedness=False,
    ).sort("row")
    values = [f"f{i}" for i in range(10)]
    joined.select("key", "event_timestamp", *values).sink_parquet(output_path, compression="zstd")
    result = pl.read_parquet(output_path, columns=["f0"])
    return result.height, float(result["f0"].sum())


measure(join)
