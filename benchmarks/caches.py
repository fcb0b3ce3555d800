"""What it costs to look up what is cached."""

from collections.abc import Iterator

from agentd.catalog import Catalog
from agentd.config import Settings
from benchmarks.bar import Bar, at_most, quantile, timed_us

LOOKUPS = 2_000


def bars() -> Iterator[Bar]:
    """A scenario, and the matcher of its theme, both as a call asks for them."""
    catalog = Catalog(Settings())
    names = catalog.scenario_names()
    for name in names:
        catalog.brain(name)
    inputs = (names * LOOKUPS)[:LOOKUPS]
    scenarios = timed_us(catalog.scenario, inputs)
    matchers = timed_us(catalog.matcher, inputs)
    for what, taken in (("scenario", scenarios), ("objections", matchers)):
        p99 = quantile(taken, 0.99) / 1000
        yield at_most(
            f"{what}_cached_p99_ms", p99, "ms", LOOKUPS, 0.05, "the file's age is looked at"
        )
