"""Writes the newest rows to Feast's online store in Redis, and measures reads by the SDK.

online_feast.py TASK write         makes the repository, for the feature server
online_feast.py TASK read ITEMS    the same, and prints the median seconds of a read
"""
import glob
import json
import os
import statistics
import sys
import time
from urllib.parse import urlparse

os.environ["FEAST_USAGE"] = "False"

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64

READ_SECONDS = 4


def open_store(task):
    redis = urlparse(task["redis"])
    with open(f"{task['repository']}/feature_store.yaml", "w") as config:
        config.write(
            f"""project: bench
provider: local
registry: {{ path: {task['repository']}/registry.db, cache_ttl_seconds: 3600 }}
online_store: {{ type: redis, connection_string: "{redis.hostname}:{redis.port},db={redis.path[1:]}" }}
offline_store: {{ type: file }}
entity_key_serialization_version: 3
"""
        )
    store = FeatureStore(repo_path=task["repository"])
    names = [feature.split(":") for feature in task["features"]]
    view = names[0][0]
    files = sorted(glob.glob(task["files"]))
    columns = [name for _, name in names]
    entity = Entity(name="key", join_keys=["key"], value_type=ValueType.INT64)
    source = FileSource(path=files[0], timestamp_field="event_ts", created_timestamp_column="created_ts")
    schema = [Field(name=name, dtype=Float64) for name in columns]
    store.apply([entity, FeatureView(name=view, entities=[entity], schema=schema, source=source)])
    rows = pd.concat(pd.read_parquet(file, columns=["key", "event_ts", "created_ts", *columns]) for file in files)
    newest = rows.sort_values(["event_ts", "created_ts"], kind="stable").groupby("key", as_index=False).tail(1)
    store.write_to_online_store(view, newest)
    return store


def read(store, task, items):
    def one(keys):
        return store.get_online_features(
            features=task["features"], entity_rows=[{"key": key} for key in keys]
        ).to_dict()

    seconds, started = [], time.perf_counter()
    count = 0
    while time.perf_counter() - started < READ_SECONDS:
        asked = time.perf_counter()
        one(items[count % len(items)])
        seconds.append(time.perf_counter() - asked)
        count += 1
    first = one(items[0])
    checksum = sum(sum(first[name.split(":")[1]]) for name in task["features"])
    measured = seconds[len(seconds) // 5 :]
    print(json.dumps({"seconds": statistics.median(measured), "rows": len(items[0]), "checksum": checksum}))


task = json.loads(sys.argv[1])
store = open_store(task)
if sys.argv[2] == "read":
    read(store, task, json.loads(sys.argv[3]))
