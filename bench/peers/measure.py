"""What every peer reports: seconds and CPU seconds of the work alone, peak resident memory, rows and a checksum."""
import json
import resource
import sys
import time


def measure(work):
    """Runs work(task, *arguments) once, times it, and prints one line of JSON; work returns (rows, checksum)."""
    task, arguments = json.loads(sys.argv[1]), sys.argv[2:]
    started, started_cpu = time.perf_counter(), time.process_time()
    work(task, *arguments)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rows, checksum = summarize(task)
    print(
        json.dumps(
            {"seconds": seconds, "cpuSeconds": cpu_seconds, "peakBytes": peak, "rows": rows, "checksum": checksum}
        )
    )


def summarize(task):
    """Rows of the output, and the sum of the first value of every view."""
    import duckdb

    sums = " + ".join(f"coalesce(sum({view['name']}__{view['values'][0]}), 0)" for view in task["views"])
    query = f"SELECT count(*), {sums} FROM read_parquet('{task['output']}')"
    return duckdb.connect().execute(query).fetchone()
