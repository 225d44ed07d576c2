"""Point-in-time join with Feast and its DuckDB offline store."""
import os
import tempfile
from datetime import timedelta

os.environ["FEAST_USAGE"] = "False"

import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64
from measure import measure


def join(features_path, spine_path, output_path):
    folder = tempfile.mkdtemp()
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=f"{folder}/registry.db",
            offline_store={"type": "duckdb"},
            online_store={"type": "sqlite", "path": f"{folder}/online.db"},
            entity_key_serialization_version=3,
        )
    )
    entity = Entity(name="key", join_keys=["key"], value_type=ValueType.INT64)
    view = FeatureView(
        name="view",
        entities=[entity],
        ttl=timedelta(days=7),
        schema=[Field(name=f"f{i}", dtype=Float64) for i in range(10)],
        source=FileSource(
            path=features_path, timestamp_field="event_ts", created_timestamp_column="created_ts"
        ),
    )
    store.apply([entity, view])
    spine = pq.read_table(spine_path).to_pandas()
    spine["event_timestamp"] = spine["event_timestamp"].dt.tz_localize("UTC")
    job = store.get_historical_features(entity_df=spine, features=[f"view:f{i}" for i in range(10)])
    table = job.to_arrow()
    pq.write_table(table, output_path, compression="zstd")
    return table.num_rows, float(table.column("f0").to_pandas().sum())


measure(join)
