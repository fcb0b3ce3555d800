from datetime import UTC, datetime

import pytest

from agentd import ledger
from agentd.errors import StoreError, StoreRefused
from agentd.ledger import JOURNAL_BATCH, Ledger, recover
from agentd.store.repo import Handover


class FakeRepo:
    """Keeps what it is told, in order; `away` makes it refuse."""

    def __init__(self):
        self.kept = []
        self.away = False

    def _keep(self, name, arguments):
        if self.away:
            raise StoreError("database away")
        self.kept.append((name, arguments))

    def __getattr__(self, name):
        if name in ("start_call", "record", "journal_append", "finish_call"):
            return lambda **arguments: self._keep(name, arguments)
        raise AttributeError(name)


WHEN = datetime(2026, 1, 5, 10, tzinfo=UTC)


def hold_a_call(repo, spool, away_from=None):
    ledger = Ledger(repo, "call-1", spool)
    steps = [
        lambda: ledger.start(
            scenario="finance", version=1, phone="x", contact={}, answered_at=WHEN
        ),
        lambda: ledger.journal(5, "event", "{}"),
        lambda: ledger.fact("suppression", {"reason": "optout"}, 900),
        lambda: ledger.fact("disposition", {"disposition": "OPT_OUT"}, 901),
        lambda: ledger.finish(WHEN, "NORMAL_CLEARING", None),
    ]
    for number, step in enumerate(steps):
        repo.away = away_from is not None and number >= away_from
        step()
    return ledger


@pytest.fixture
def whole(tmp_path):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path)
    return repo.kept


@pytest.mark.parametrize("away_from", range(5))
def test_facts_spooled_while_the_store_is_away_come_back_in_order(tmp_path, whole, away_from):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path / "spool", away_from)
    repo.away = False
    assert recover(repo, tmp_path / "spool") == 1
    assert [name for name, _ in repo.kept] == [name for name, _ in whole]
    assert repo.kept == whole
    assert not list((tmp_path / "spool").iterdir())


def test_the_spool_is_kept_while_the_store_is_still_away(tmp_path):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    assert recover(repo, tmp_path) == 0
    assert [f.name for f in tmp_path.iterdir()] == ["call-1.jsonl"]


def test_the_spool_of_a_live_call_is_left_alone(tmp_path):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    repo.away = False
    assert recover(repo, tmp_path, live=lambda call_id: call_id == "call-1") == 0
    assert repo.kept == []


def test_a_line_cut_by_a_kill_loses_only_itself(tmp_path, whole):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    file = tmp_path / "call-1.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    repo.away = False
    assert recover(repo, tmp_path) == 1
    assert repo.kept == whole[:-1]


def test_the_spool_is_not_readable_by_others(tmp_path):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    assert (tmp_path / "call-1.jsonl").stat().st_mode & 0o077 == 0


def test_the_journal_is_written_in_batches(tmp_path):
    repo = FakeRepo()
    ledger = Ledger(repo, "call-1", tmp_path)
    for number in range(JOURNAL_BATCH):
        assert repo.kept == []
        ledger.journal(number, "event", "{}")
    (name, arguments), *more = repo.kept
    assert (name, len(arguments["entries"]), more) == ("journal_append", JOURNAL_BATCH, [])


def test_what_the_store_refuses_for_good_is_set_aside(tmp_path):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    repo.away = False

    def refuse(name, arguments):
        raise StoreRefused("no such call")

    repo._keep = refuse
    assert recover(repo, tmp_path) == 0
    assert [f.name for f in tmp_path.iterdir()] == ["call-1.refused"]


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"5",
        b'{"method": "record"}',
        b'{"method": "record", "arguments": []}',
        b'{"method": "close", "arguments": {}}',
        b'{"method": "__init__", "arguments": {}}',
        b'{"method": "start_call", "arguments": {"answered_at": "yesterday"}}',
    ],
)
def test_a_file_that_is_no_spool_is_set_aside_and_holds_up_nothing(tmp_path, whole, line):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    repo.away = False
    (tmp_path / "a-stranger.jsonl").write_bytes(line + b"\n")
    assert recover(repo, tmp_path) == 1
    assert repo.kept == whole
    assert [f.name for f in tmp_path.iterdir()] == ["a-stranger.refused"]


def test_what_cannot_be_read_is_left_and_holds_up_nothing(tmp_path, whole):
    repo = FakeRepo()
    hold_a_call(repo, tmp_path, away_from=0)
    repo.away = False
    (tmp_path / "a-folder.jsonl").mkdir()
    assert recover(repo, tmp_path) == 1
    assert repo.kept == whole


def test_no_spool_folder_is_no_spool(tmp_path):
    assert recover(FakeRepo(), tmp_path / "none") == 0


def test_a_full_disk_is_an_error_and_costs_nothing_once_it_has_room(tmp_path, monkeypatch, capfd):
    """The entry after the one that was cut is on a line of its own."""
    repo = FakeRepo()
    repo.away = True
    held = Ledger(repo, "call-1", tmp_path)
    held.fact("score", {"score": 30}, 1)
    write = ledger.os.write
    monkeypatch.setattr(ledger.os, "write", lambda file, data: write(file, data[:20]))
    with pytest.raises(OSError, match="No space left"):
        held.fact("score", {"score": 60}, 2)
    monkeypatch.setattr(ledger.os, "write", write)
    held.fact("score", {"score": 100}, 3)
    repo.away = False
    assert recover(repo, tmp_path) == 1
    assert [arguments["data"]["score"] for _, arguments in repo.kept] == [30, 60, 100]
    assert "Traceback" not in capfd.readouterr().err


def test_what_the_store_refuses_in_mid_call_is_told(tmp_path):
    repo = FakeRepo()

    def refuse(name, arguments):
        raise StoreRefused("erased meanwhile")

    repo._keep = refuse
    with pytest.raises(StoreRefused):
        Ledger(repo, "call-1", tmp_path).fact("score", {"score": 30}, 1)
    assert list(tmp_path.iterdir()) == []


class Remembering(FakeRepo):
    """One that passes calls on."""

    def take_over(self, call_id, channel, instance):
        if self.away:
            raise StoreError("database away")
        return Handover("{}", 5, WHEN, facts=7, journalled=3) if channel == "leg" else None

    def remember(self, call_id, at_ms, memory, entries, records=()):
        if any(kind in self.refused for _, _, kind, _ in records):
            raise StoreRefused("not this one")
        facts = [(seq, kind) for seq, _, kind, _ in records]
        self._keep("remember", {"memory": memory, "entries": list(entries), "facts": facts})

    def _keep(self, name, arguments):
        if arguments.get("kind") in self.refused:
            raise StoreRefused("not this one")
        super()._keep(name, arguments)

    refused = ()


def test_what_a_second_agentd_keeps_follows_what_the_first_kept(tmp_path):
    repo = Remembering()
    ledger = Ledger(repo, "call-1", tmp_path)
    assert ledger.take_over("other leg", "one") is None
    assert ledger.take_over("leg", "one").memory == "{}"
    ledger.fact("turn", {}, 10)
    ledger.journal(11, "event", "{}")
    ledger.remember("{}", 12)
    assert repo.kept[0][1]["seq"] == 8
    assert repo.kept[1][1]["entries"] == [(3, 11, "event", "{}")]
    ledger.flush()
    assert len(repo.kept) == 2, "the journal was kept with the memory"


def test_while_the_store_is_away_nothing_is_remembered_and_the_journal_is_spooled(tmp_path):
    repo = Remembering()
    ledger = Ledger(repo, "call-1", tmp_path)
    repo.away = True
    assert ledger.take_over("leg", "one") is None
    ledger.journal(11, "event", "{}")
    ledger.remember("{}", 12)
    ledger.remember("{}", 13)
    ledger.flush()
    repo.away = False
    assert recover(repo, tmp_path) == 1
    assert [name for name, _ in repo.kept] == ["journal_append"]
    assert repo.kept[0][1]["entries"] == [(0, 11, "event", "{}")]


def test_facts_and_memory_are_one_commit(tmp_path):
    repo = Remembering()
    ledger = Ledger(repo, "call-1", tmp_path)
    ledger.journal(11, "event", "{}")
    ledger.remember("{}", 12, [("turn", {}), ("step", {})])
    ledger.remember("{}", 13, [("score", {})])
    assert [name for name, _ in repo.kept] == ["remember", "remember"]
    assert repo.kept[0][1]["facts"] == [(1, "turn"), (2, "step")]
    assert repo.kept[1][1]["facts"] == [(3, "score")]


def test_of_facts_that_are_refused_together_the_good_ones_are_kept(tmp_path):
    repo = Remembering()
    repo.refused = ("step",)
    ledger = Ledger(repo, "call-1", tmp_path)
    with pytest.raises(StoreRefused):
        ledger.remember("{}", 12, [("turn", {}), ("step", {}), ("suppression", {})])
    assert [a["kind"] for name, a in repo.kept if name == "record"] == ["turn", "suppression"]


def test_facts_while_the_store_is_away_are_spooled_in_order(tmp_path):
    repo = Remembering()
    ledger = Ledger(repo, "call-1", tmp_path)
    repo.away = True
    ledger.remember("{}", 12, [("turn", {}), ("suppression", {})])
    repo.away = False
    assert recover(repo, tmp_path) == 1
    assert [(name, a["kind"], a["seq"]) for name, a in repo.kept] == [
        ("record", "turn", 1),
        ("record", "suppression", 2),
    ]
