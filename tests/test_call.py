"""One call on a leg that is not there: what it does when the things around it break."""

from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
import structlog

from agentd import call as call_module
from agentd.call import INBOX, Call
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue import actions as act
from agentd.dialogue import engine
from agentd.dialogue import events as ev
from agentd.errors import SpeechError, StoreRefused
from agentd.observe.metrics import Metrics

ROOT = Path(__file__).parents[1]


class FakeLeg:
    """A channel that plays at once, and hangs up when it is asked."""

    uuid = "11111111-2222-3333-4444-555555555555"
    dialled = "+33199000102"

    def __init__(self, **variables):
        self.variables = {"agentd_scenario": "finance", **variables}
        self.played, self.asked, self.waiting = [], "", []
        self.callback = None
        self.on_play = lambda: None
        self.finishes = False
        self.asked_of = []

    def on_event(self, callback):
        assert self.callback is None
        self.callback = callback
        for event in self.waiting:
            callback(event)

    def _tell(self, event):
        if self.callback is not None:
            self.callback(event)
        else:
            self.waiting.append(event)

    def start_fork(self, url, metadata):
        pass

    def start_background(self, path):
        pass

    def play(self, say_id, files, rate_hz, offset_ms):
        self.played.append(say_id)
        self._tell(ev.SayStarted(say_id))
        self.on_play()
        if self.finishes:
            self._tell(ev.SayDone(say_id, True, 500))

    def stop(self, say_id):
        self._tell(ev.SayDone(say_id, False, 100))

    def hold(self, say_id):
        self.asked_of.append(("hold", say_id))

    def resume(self, say_id):
        self.asked_of.append(("resume", say_id))

    def hangup(self, cause="NORMAL_CLEARING"):
        if not self.asked:
            self.asked = cause
            self._tell(ev.HungUp(cause, by_us=True))

    def close(self):
        self.hangup()


class FakeRepo:
    def __init__(self):
        self.kept = []
        self.refuse = ()

    def __getattr__(self, name):
        def keep(**arguments):
            kind = arguments.get("kind", name)
            if kind in self.refuse or name in self.refuse:
                raise StoreRefused(f"will not have {kind}")
            self.kept.append((name, arguments))

        return keep

    def remember(self, call_id, at_ms, memory, entries, records=()):
        """All or nothing, as a transaction is."""
        for _, _, kind, _ in records:
            if kind in self.refuse:
                raise StoreRefused(f"will not have {kind}")
        for seq, at, kind, data in records:
            self.record(call_id=call_id, seq=seq, at_ms=at, kind=kind, data=data)
        self.journal_append(call_id=call_id, entries=entries)

    def facts(self, kind):
        return [a["data"] for name, a in self.kept if name == "record" and a["kind"] == kind]

    @property
    def end(self):
        (arguments,) = [a for name, a in self.kept if name == "finish_call"]
        return arguments["hangup_cause"]


class FakeLibrary:
    broken: Exception | None = None

    def find(self, clip, rate_hz):
        if self.broken is not None:
            raise self.broken
        return Path("/a.wav")

    def duration_ms(self, path):
        return 500

    def is_cached(self, path):
        return False


@pytest.fixture
def house(tmp_path):
    settings = Settings.model_validate({"paths": {"root": ROOT}, "call": {"journal": True}})
    stream = SimpleNamespace(close=lambda: None)
    library = FakeLibrary()
    return SimpleNamespace(
        settings=settings,
        catalog=Catalog(settings),
        repo=FakeRepo(),
        recogniser=SimpleNamespace(streaming=False, stream=lambda vocabulary: stream),
        workers=None,
        audio=SimpleNamespace(
            expect=lambda token, hear, opened: "ws://x", forget=lambda token: None
        ),
        spool=tmp_path,
        instance="here:1",
        metrics=Metrics(),
        improviser=None,
        library=lambda voice: library,
        the_library=library,
        background=lambda file: None,
    )


@pytest.fixture(autouse=True)
def log():
    before = structlog.get_config()
    structlog.reset_defaults()  # another test may have left a level
    with structlog.testing.capture_logs() as entries:
        yield entries
    structlog.configure(**before)


def hold(house, leg, *events):
    """Run the call to its end; `events` follow the first thing it plays."""

    def then():
        leg.on_play = lambda: None
        for event in events:
            leg.callback(event)

    leg.on_play = then
    call = Call(leg, house)
    with gevent.Timeout(5):
        call.run()
    assert call._timers == {} or all(t.dead for t in call._timers.values())
    return house.repo


def test_a_hangup_is_kept(house):
    repo = hold(house, FakeLeg(), ev.HungUp("USER_BUSY"))
    assert [name for name, _ in repo.kept[:1]] == ["start_call"]
    assert repo.facts("disposition")[0]["disposition"] == "HANGUP"
    assert repo.end == "USER_BUSY"


def test_a_key_pressed_before_the_call_is_kept_counts(house):
    """While the store takes its time the prospect may press 9: it comes after Answered."""
    leg = FakeLeg()
    leg.waiting.append(ev.Dtmf("9"))
    leg.on_play = lambda: leg.callback(ev.SayDone("s2", True, 500)) if len(leg.played) > 1 else None
    with gevent.Timeout(5):
        Call(leg, house).run()
    assert house.repo.facts("suppression") == [{"reason": "dtmf", "text": ""}]
    assert house.repo.facts("disposition")[0]["disposition"] == "OPT_OUT"


def test_an_inbox_that_is_full_ends_the_call_and_does_not_lose_its_end(house, log):
    flood = [ev.Partial("oui", n) for n in range(INBOX + 10)]
    leg = FakeLeg()
    repo = hold(house, leg, *flood)
    assert leg.asked == "NORMAL_TEMPORARY_FAILURE"
    assert repo.facts("disposition")[0]["disposition"] == "FAILED"
    assert repo.end == "NORMAL_TEMPORARY_FAILURE"
    assert "inbox full, ending the call" in [entry["event"] for entry in log]


def test_an_engine_that_breaks_is_kept_with_its_cause(house, monkeypatch):
    handle = engine.handle

    def broken(brain, state, event, now_ms):
        if isinstance(event, ev.Dtmf):
            raise KeyError("a bug")
        return handle(brain, state, event, now_ms)

    monkeypatch.setattr(call_module.engine, "handle", broken)
    leg = FakeLeg()
    repo = hold(house, leg, ev.Dtmf("1"))
    assert leg.asked == "NORMAL_TEMPORARY_FAILURE"
    assert repo.facts("disposition") == [{"disposition": "FAILED", "reason": "KeyError: 'a bug'"}]
    assert repo.end == "NORMAL_TEMPORARY_FAILURE"


def test_a_disposition_that_is_kept_is_not_outdone_by_a_later_break(house, monkeypatch):
    handle = engine.handle

    def broken(brain, state, event, now_ms):
        if isinstance(event, ev.SayDone):
            raise KeyError("a bug")
        return handle(brain, state, event, now_ms)

    monkeypatch.setattr(call_module.engine, "handle", broken)
    repo = hold(house, FakeLeg(), ev.Dtmf("9"))
    assert [fact["disposition"] for fact in repo.facts("disposition")] == ["OPT_OUT"]


def test_a_journal_that_is_refused_costs_no_call(house, monkeypatch, log):
    monkeypatch.setattr("agentd.ledger.JOURNAL_BATCH", 1)
    house.repo.refuse = ("journal_append",)
    repo = hold(house, FakeLeg(), ev.HungUp("NORMAL_CLEARING"))
    assert repo.facts("disposition")[0]["disposition"] == "HANGUP"
    assert [entry["event"] for entry in log].count("journal lost") == 1


def test_a_fact_that_is_refused_ends_the_call_politely(house):
    """The goodbye is in the air by then, and what ends it hangs up."""
    house.repo.refuse = ("suppression", "disposition")
    leg = FakeLeg()
    leg.finishes = True
    repo = hold(house, leg, ev.Dtmf("9"))
    assert leg.asked == "NORMAL_CLEARING"
    assert repo.facts("disposition") == []
    assert repo.end == "NORMAL_CLEARING"


@pytest.mark.parametrize(
    "error", [SpeechError("a broken manifest"), FileNotFoundError(2, "gone"), ValueError("a bug")]
)
def test_what_cannot_be_played_is_a_say_that_failed(house, error):
    """The disclosure is tried again; then it is given up, with the reason."""
    house.the_library.broken = error
    leg = FakeLeg()
    call = Call(leg, house)
    with gevent.Timeout(5):
        call.run()
    assert leg.played == []
    (end,) = house.repo.facts("disposition")
    assert end["disposition"] == "FAILED"
    assert str(error) in end["reason"]


def test_an_action_nobody_knows_is_a_fault(house, monkeypatch, log):
    class Dance(act.Action, frozen=True):
        """Not in the vocabulary."""

    handle = engine.handle

    def dancing(brain, state, event, now_ms):
        asked = handle(brain, state, event, now_ms)
        return [*asked, Dance()] if isinstance(event, ev.Dtmf) else asked

    monkeypatch.setattr(call_module.engine, "handle", dancing)
    leg = FakeLeg()
    leg.on_play = lambda: leg.callback(ev.Dtmf("1") if len(leg.played) == 1 else ev.HungUp("X"))
    with gevent.Timeout(5):
        Call(leg, house).run()
    (end,) = house.repo.facts("disposition")
    assert (end["disposition"], end["reason"]) == ("FAILED", "unknown action Dance")


def test_whatever_fails_at_the_end_the_rest_is_closed(house, log):
    leg = FakeLeg()
    leg.close = lambda: (_ for _ in ()).throw(OSError("a bug"))
    house.repo.refuse = ("finish_call",)
    hold(house, leg, ev.HungUp("NORMAL_CLEARING"))
    events = [entry["event"] for entry in log]
    assert "closing failed" in events
    assert "call not finished in the store" in events
    assert "call ended" in events


def test_a_say_is_held_and_gone_on_with(house):
    """Once the disclosure, which is not, has been heard."""
    leg = FakeLeg()

    def then():
        if len(leg.played) == 1:
            leg.callback(ev.SayDone("s1", True, 500))
            leg.callback(ev.Utterance("oui", 0.9, 0, 400))
        else:
            say = leg.played[-1]
            for event in (ev.Overlap(say, 900), ev.Overlap(say, 1_400, over=True)):
                leg.callback(event)
            leg.callback(ev.HungUp("NORMAL_CLEARING"))

    leg.on_play = then
    with gevent.Timeout(5):
        Call(leg, house).run()
    assert leg.asked_of == [("hold", leg.played[-1]), ("resume", leg.played[-1])]


@pytest.mark.parametrize(
    ("configured", "of_the_scenario", "judged"),
    [
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
    ],
)
def test_who_picks_up_is_judged_where_it_is_wanted(
    house, monkeypatch, configured, of_the_scenario, judged
):
    amd = house.settings.amd.model_copy(update={"enabled": configured})
    house.settings = house.settings.model_copy(update={"amd": amd})
    scenario = house.catalog.scenario("finance").model_copy(update={"amd": of_the_scenario})
    monkeypatch.setattr(house.catalog, "scenario", lambda name: scenario)
    given = []

    class Ears(call_module.Ears):
        def __init__(self, *arguments, **options):
            given.append(options["amd"])
            super().__init__(*arguments, **options)

    monkeypatch.setattr(call_module, "Ears", Ears)
    hold(house, FakeLeg(), ev.Amd("machine", 900), ev.HungUp("NORMAL_CLEARING"))
    assert [one is not None for one in given] == [judged]
    assert b'agentd_amd_verdicts_total{verdict="machine"} 1.0' in house.metrics.page()
