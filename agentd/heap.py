"""glibc's heap, kept small: for a process of many threads that runs for weeks.

Every thread that allocates gets an arena of its own (8 a core), and what is freed in one is not
used by another nor given back while a live block lies behind it. Recognition borrows megabytes an
utterance, on whichever thread is free: after 14 minutes at 20 calls 188 MB were in use and 490 MB
held (malloc_stats), and growing; with two arenas, 182 and 265 MB. The same recognitions alone hold
353 MB instead of 413 in the process, for 7 % more processor. mallopt(3); MALLOC_ARENA_MAX in the
environment wins.
"""

import ctypes
import os

M_ARENA_MAX = -8  # malloc.h
ARENAS = 2


def tame() -> bool:
    """Before threads are made. False where there is no glibc, or the operator has chosen."""
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS))
    except (OSError, AttributeError):  # another C library: its own heap, its own ways
        return False
