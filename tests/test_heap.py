import subprocess
import sys

import pytest

ARENAS = """
import ctypes, os, re, sys, threading
from agentd import heap
if sys.argv[1] == "tamed":
    assert heap.tame()
gate = threading.Barrier(9)
def allocate():
    kept = [ctypes.create_string_buffer(5_000) for _ in range(50)]
    gate.wait(); gate.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
gate.wait()
ctypes.CDLL(None).malloc_stats()
gate.wait()
"""


def arenas(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ARENAS, how], capture_output=True, text=True, check=True
    )
    return done.stderr.count("Arena ")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
def test_eight_threads_share_two_arenas() -> None:
    assert arenas("tamed") == 2
    assert arenas("wild") > 2
