"""Point-in-time join with Feast and one of its offline stores: duckdb or dask."""
import glob
import os
import tempfile
from datetime import timedelta

os.environ["FEAST_USAGE"] = "False"

import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64
from measure import measure


def join(task, store_type):
    folder = tempfile.mkdtemp()
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=f"{folder}/registry.db",
            offline_store={"type": store_type},
            online_store={"type": "sqlite", "path": f"{folder}/online.db"},
            entity_key_serialization_version=3,
        )
    )
    entity = Entity(name="key", join_keys=["key"], value_type=ValueType.INT64)
    views = [
        FeatureView(
            name=view["name"],
            entities=[entity],
            ttl=timedelta(days=7),
            schema=[Field(name=value, dtype=Float64) for value in view["values"]],
            source=FileSource(
                path=glob.glob(view["files"])[0], timestamp_field="event_ts", created_timestamp_column="created_ts"
            ),
        )
        for view in task["views"]
    ]
    store.apply([entity, *views])
    spine = pq.read_table(task["spine"]).to_pandas()
    spine["event_timestamp"] = spine["event_timestamp"].dt.tz_localize("UTC")
    features = [f"{view['name']}:{value}" for view in task["views"] for value in view["values"]]
    job = store.get_historical_features(entity_df=spine, features=features, full_feature_names=True)
    pq.write_table(job.to_arrow(), task["output"], compression="zstd")


measure(join)
