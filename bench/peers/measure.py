"""What every peer reports: seconds of the work alone, peak resident memory of the process, rows and a checksum."""
import json
import resource
import sys
import time


def measure(work):
    """Runs work(arguments) once and prints one line of JSON; work returns (rows, checksum)."""
    started = time.perf_counter()
    rows, checksum = work(*sys.argv[1:])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peakBytes": peak, "rows": rows, "checksum": checksum}))
