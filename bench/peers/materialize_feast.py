"""Materializes one view of a Parquet file to Feast's online store in Redis, and reads some keys back.

materialize_feast.py TASK
"""
import json
import os
import resource
import sys
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import urlparse

os.environ["FEAST_USAGE"] = "False"

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64

task = json.loads(sys.argv[1])
redis = urlparse(task["redis"])
with open(f"{task['repository']}/feature_store.yaml", "w") as config:
    config.write(
        f"""project: bench
provider: local
registry: {{ path: {task['repository']}/registry.db, cache_ttl_seconds: 3600 }}
online_store: {{ type: redis, connection_string: "{redis.hostname}:{redis.port}", key_ttl_seconds: {(task['ttlDays'] + 1) * 86400} }}
offline_store: {{ type: duckdb }}
entity_key_serialization_version: 3
"""
    )
store = FeatureStore(repo_path=task["repository"])
names = [f"f{index}" for index in range(task["values"])]
entity = Entity(name="key", join_keys=["key"], value_type=ValueType.INT64)
source = FileSource(path=task["file"], timestamp_field="event_ts")
schema = [Field(name=name, dtype=Float64) for name in names]
view = FeatureView(name="reading", entities=[entity], schema=schema, source=source, ttl=timedelta(days=task["ttlDays"]))
store.apply([entity, view])

started, started_cpu = time.perf_counter(), time.process_time()
store.materialize(datetime(2020, 1, 1, tzinfo=timezone.utc), datetime.now(timezone.utc) + timedelta(days=1))
seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
found = store.get_online_features(
    features=["reading:f0"], entity_rows=[{"key": key} for key in task["sample"]]
).to_dict()
checksum = sum(found["f0"])
print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "peakBytes": peak, "checksum": checksum}))
