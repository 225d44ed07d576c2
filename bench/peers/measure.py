"""What every peer reports: seconds and CPU seconds of the work alone, peak resident memory, rows and a checksum."""
import json
import resource
import sys
import time


def measure(work):
    """Runs work(arguments) once and prints one line of JSON; work returns (rows, checksum)."""
    started, started_cpu = time.perf_counter(), time.process_time()
    rows, checksum = work(*sys.argv[1:])
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {"seconds": seconds, "cpuSeconds": cpu_seconds, "peakBytes": peak, "rows": rows, "checksum": checksum}
        )
    )
