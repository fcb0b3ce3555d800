"""What it costs to look up what is cached."""

from collections.abc import Iterator

from agentd.catalog import Catalog
from agentd.config import Settings
from benchmarks.bar import Bar, at_most, best_us, quantile

LOOKUPS = 2_000


def bars() -> Iterator[Bar]:
    """A scenario, and the matcher of its theme, both as a call asks for them."""
    catalog = Catalog(Settings())
    names = catalog.scenario_names()
    for name in names:
        catalog.brain(name)
    inputs = (names * LOOKUPS)[:LOOKUPS]
    scenarios = best_us(catalog.scenario, inputs, 5)
    matchers = best_us(catalog.matcher, inputs, 5)
    for what, taken in (("scenario", scenarios), ("objections", matchers)):
        p99 = quantile(taken, 0.99) / 1000
        yield at_most(
            f"{what}_cached_p99_ms",
            p99,
            "ms",
            LOOKUPS,
            0.05,
            "the file's age is looked at; best of 5 of each",
        )
    for what, stats in catalog.cache_stats().items():
        yield Bar(
            f"cache_hits_{what}", round(stats.rate, 4), "share", stats.hits + stats.misses,
            note=f"{stats.held} held, {stats.most} at most",
        )  # fmt: skip
