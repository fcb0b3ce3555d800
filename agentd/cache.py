"""A bounded cache of values made from files: kept for a while, made again when a file changes.

Bounds and ages are cachetools' TTLCache. A value also goes stale when one of its files does, so
that an edit is seen at once; its age only bounds how long something nobody asks for stays.
Looked up from the hub and from native threads alike: the lock is the native one, held for
microseconds and never while a value is made (two threads may make the same; the later one stays).
"""

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from cachetools import TTLCache
from gevent.monkey import get_original

from agentd.errors import BadInput

Made = TypeVar("Made")
Lock = get_original("threading", "Lock")


@dataclass(frozen=True)
class CacheStats:
    """Look-ups so far, and what is held now. hits + misses = look-ups."""

    hits: int
    misses: int
    held: int
    most: int

    @property
    def rate(self) -> float:
        """Share of look-ups that found what they wanted, 0 to 1."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class Shelf:
    """most: values held, the one unused longest goes first. ttl_s: seconds; inf: for ever.

    timer: monotonic seconds, for tests.
    """

    def __init__(
        self, most: int, ttl_s: float = math.inf, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept: TTLCache[Hashable, tuple[Any, Any]] = TTLCache(most, ttl_s, timer=timer)
        self._lock = Lock()
        self._hits = self._misses = 0

    def get(
        self,
        key: Hashable,
        stamp: Hashable,
        make: Callable[[], Made],
        on_broken: Callable[[BadInput], None],
    ) -> Made:
        """The value of `key` made when its files looked like `stamp`, made now if there is none.

        When an edit has broken it, what was there before stays, `on_broken` is told, and the next
        edit is waited for. Raises BadInput only when there is nothing to go on with.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[0] == stamp:
                self._hits += 1
                value: Made = kept[1]
                return value
            self._misses += 1
        try:
            made = make()
        except BadInput as error:
            if kept is None:
                raise
            on_broken(error)
            made = kept[1]
        with self._lock:
            self._kept[key] = (stamp, made)
        return made

    def stats(self) -> CacheStats:
        """For metrics and `agentd check`."""
        with self._lock:
            self._kept.expire()
            held = self._kept.currsize
        return CacheStats(self._hits, self._misses, int(held), int(self._kept.maxsize))
