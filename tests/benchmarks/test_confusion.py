import pytest

from benchmarks.confusion import between, show, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # From the tables of Newcombe (1998), method 3, and the case without any data.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (0, 0, 0, 1)],
)
def test_the_interval_is_wilson_s(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_it_is_told_with_its_numbers():
    assert between(1, 112) == "1 of 112, 95 % between 0.002 and 0.049"


def test_a_matrix_shows_every_pair(capsys):
    show("title", [("human", "human"), ("human", "machine"), ("machine", "machine")])
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "title"
    assert told[1].split() == ["human", "machine"]
    assert told[2].split()[:4] == ["human", "1", "1", "0.500"]
    assert told[3].split()[:4] == ["machine", "0", "1", "1.000"]
