"""Run by a test in a process of its own: decodes a file in several threads and prints by how many MB the peak of memory rose."""

from __future__ import annotations

import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lookmatch_serving.pictures import decode_picture


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    data = Path(sys.argv[1]).read_bytes()
    before = _peak_mb()
    with ThreadPoolExecutor(int(sys.argv[2])) as threads:
        sizes = list(threads.map(lambda _: decode_picture(data, wait_seconds=200).size, range(int(sys.argv[2]))))
    print(_peak_mb() - before, *sizes[0])
