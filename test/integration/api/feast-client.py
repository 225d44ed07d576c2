"""Feast's client as it comes from PyPI, with a remote online store. Prints what it gives for each read of its argument."""
import json
import os
import sys
import tempfile
from datetime import timedelta

os.environ["FEAST_USAGE"] = "False"

import pandas
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, PushSource, RepoConfig, ValueType
from feast.types import Array, Bool, Float32, Float64, Int64, String, UnixTimestamp

TYPES = {
    "int64": Int64,
    "float64": Float64,
    "string": String,
    "boolean": Bool,
    "timestamp": UnixTimestamp,
    "float32[3]": Array(Float32),
}


def open_store(task, folder):
    """A store whose registry has the views of the task, as a user of Feast declares them."""
    store = FeatureStore(
        config=RepoConfig(
            project="shop",
            provider="local",
            registry=f"{folder}/registry.db",
            online_store={"type": "remote", "path": task["url"]},
            entity_key_serialization_version=3,
        )
    )
    rows = FileSource(path=f"{folder}/rows.parquet", timestamp_field="at")
    source = PushSource(name="orders", batch_source=rows)
    for view in task["views"]:
        entities = [
            Entity(name=name, join_keys=[name], value_type=getattr(ValueType, kind.upper()))
            for name, kind in view["keys"].items()
        ]
        columns = {**view["keys"], **view["features"]}
        schema = [Field(name=name, dtype=TYPES[kind]) for name, kind in columns.items()]
        made = FeatureView(name=view["name"], entities=entities, ttl=timedelta(0), schema=schema, source=source if view["pushed"] else rows)
        store.apply([*entities, made, FeatureService(name=f"{view['name']}_v1", features=[made])])
    return store


def read(store, question):
    names = question.get("features")
    answer = store.get_online_features(
        features=store.get_feature_service(question["service"]) if names is None else names,
        entity_rows=question["entities"],
        full_feature_names=question.get("fullNames", False),
    ).to_dict()
    return {"values": answer, "types": {name: type(values[0]).__name__ for name, values in answer.items()}}


def write(store, rows):
    frame = pandas.DataFrame(rows["columns"])
    for name in rows["instants"]:
        frame[name] = pandas.to_datetime(frame[name], utc=True)
    if "source" in rows:
        store.push(rows["source"], frame)
    else:
        store.write_to_online_store(rows["view"], frame)


def main():
    task = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(task, folder)
        for rows in task["writes"]:
            write(store, rows)
        answers = [read(store, question) for question in task["reads"]]
    print(json.dumps(answers))


main()
