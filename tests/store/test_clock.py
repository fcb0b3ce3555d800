"""The clock that dialers of several machines share."""

from agentd.store.clock import skew


def test_a_server_s_clock_is_measured_and_a_file_has_none(place):
    found = skew(place.repo())
    if place.kind == "sqlite":
        assert found is None
    else:  # on this machine it is ours
        assert found is not None
        assert abs(found.seconds) <= found.within_s + 0.01
        assert 0 <= found.within_s < 1
