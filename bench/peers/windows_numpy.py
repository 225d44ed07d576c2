"""Window aggregates with numpy: sort by (key, time), prefix sums for count and sum, a sparse table for the maximum.

The sparse table is made level by level and each level answers its windows at once, so that two levels are held, not all.
"""
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import measure

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# window and the grid that its start is floored to, microseconds
WINDOWS = {"1h": (HOUR, MINUTE), "1d": (DAY, 15 * MINUTE), "7d": (7 * DAY, HOUR)}


def read(path, *columns):
    table = pq.read_table(path, columns=list(columns))
    return [
        (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_numpy()
        for column in table.columns
    ]


def aggregate(task):
    key, time, value = read(task["views"][0]["files"], "key", "event_ts", "value")
    spine_key, at = read(task["spine"], "key", "event_timestamp")
    # one integer orders by key, then time; a window may start a week before the first event
    start = min(time.min(), at.min()) - 8 * DAY
    span = max(time.max(), at.max()) - start + 1
    place = key * span + (time - start)
    order = np.argsort(place)
    place, value = place[order], value[order]
    del key, time, order
    total = np.concatenate(([0.0], np.cumsum(value)))

    base = spine_key * span
    first = np.searchsorted(place, base)
    end = np.searchsorted(place, base + (at - start))
    columns = {"key": spine_key, "event_timestamp": at.astype("datetime64[us]")}
    begin = first
    for name, (micros, grid) in WINDOWS.items():
        lower = (at - micros) // grid * grid
        begin = np.searchsorted(place, base + (lower - start))
        columns[f"windows__count_{name}"] = end - begin
        columns[f"windows__sum_{name}"] = np.where(end > begin, total[end] - total[begin], np.nan)
    columns["windows__max_7d"] = greatest(value, begin, end)
    tenth = np.maximum(first, end - 10)
    columns["windows__sum_last_10"] = np.where(end > tenth, total[end] - total[tenth], np.nan)
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    pq.write_table(table, task["output"], compression="zstd")


def greatest(value, begin, end):
    """The maximum of value[begin:end], by two overlapping spans of the greatest power of two that fits."""
    result = np.full(len(begin), np.nan)
    length = end - begin
    level_of = np.where(length > 0, np.log2(np.maximum(length, 1)).astype(np.int64), -1)
    table = value.copy()
    for level in range(level_of.max() + 1):
        if level > 0:
            half = 1 << (level - 1)
            table = np.maximum(table[:-half], table[half:])
        chosen = np.nonzero(level_of == level)[0]
        result[chosen] = np.maximum(table[begin[chosen]], table[end[chosen] - (1 << level)])
    return result


measure(aggregate)
