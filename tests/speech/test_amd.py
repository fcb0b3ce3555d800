from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.dialogue.events import Amd, GreetingOver
from agentd.speech.amd import Detector, Tuning
from agentd.speech.beep import Tone

BEEP = Tone("ended", 1000.0, 400)
MACHINE = "vous êtes bien sur le répondeur"


class Heard:
    """A detector, and time that passes 20 ms at a time."""

    def __init__(self, **tuning):
        self.detector = Detector(Tuning(**tuning))
        self.now = 0
        self.events = []
        self.looks = []

    def goes_on(self, ms, voiced, tone=None, sounding=False):
        for _ in range(ms // 20):
            self.now += 20
            self.events += self.detector.feed(self.now, voiced, tone, sounding)
            tone = None
            if self.detector.wants_words:
                self.looks.append(self.now)
        return self

    def voice(self, ms):
        return self.goes_on(ms, True)

    def silence(self, ms, tone=None, sounding=False):
        return self.goes_on(ms, False, tone, sounding)

    def words(self, *texts):
        self.events += self.detector.words(texts)
        return self

    @property
    def verdicts(self):
        return [event.verdict for event in self.events if isinstance(event, Amd)]

    @property
    def over(self):
        return [(e.by, e.at_ms) for e in self.events if isinstance(e, GreetingOver)]


def test_a_short_greeting_is_a_person_s():
    heard = Heard().silence(400).voice(600).silence(1000)
    assert heard.verdicts == ["human"]
    assert heard.events[0].at_ms == 400 + 600 + 800
    assert heard.looks == []


def test_whoever_hears_us_out_in_silence_is_undecided_at_the_end():
    heard = Heard(window_ms=5_000).silence(6_000)
    assert heard.verdicts == ["undecided"]
    assert heard.detector.over


def test_a_machine_is_known_by_its_words_wherever_they_stop():
    heard = Heard().silence(200).voice(1_600)
    assert heard.looks == [200 + 1_300]
    heard.words("Bonjour, " + MACHINE)
    assert heard.verdicts == ["machine"]
    assert "vous etes bien sur" in heard.events[0].reason


def test_words_that_a_turn_s_end_has_cut_in_two():
    heard = Heard().voice(900).words("le numéro que vous avez demandé n'est plus").silence(700)
    heard.voice(500).words("attribué").silence(1_100)
    assert heard.verdicts[-1] == "announcement"


def test_a_person_takes_the_machine_back_but_not_the_reverse():
    heard = Heard().voice(500).silence(900).voice(1_500).words(MACHINE).silence(3_000)
    assert heard.verdicts == ["human", "machine"]
    heard.voice(500).silence(900).words("allô oui")
    assert heard.verdicts == ["human", "machine"]


def test_who_begins_like_a_machine_and_talks_on_is_one_sooner():
    heard = Heard().voice(1_500).words("vous êtes au zéro quatre")
    assert heard.verdicts == []
    assert heard.voice(1_900).verdicts == ["machine"]
    person = Heard().voice(1_500).words("allô vous êtes au zéro quatre").voice(1_900)
    assert person.verdicts == []


def test_who_talks_on_and_cannot_be_read_is_a_machine():
    heard = Heard(long_ms=4_000).voice(3_900)
    assert heard.verdicts == []
    assert heard.voice(200).verdicts == ["machine"]


def test_a_person_who_can_be_read_may_talk_longer():
    heard = Heard(long_ms=4_000, long_read_ms=6_000).voice(2_000)
    heard.words("mais enfin vous n'avez pas honte").voice(3_900)
    assert heard.verdicts == []
    assert heard.voice(400).verdicts == ["machine"]


def test_a_long_answer_after_our_greeting_is_no_greeting():
    heard = Heard().silence(6_000).voice(6_000).silence(1_000)
    assert heard.verdicts == []


def test_a_beep_after_a_greeting_is_a_machine_s_and_it_listens():
    heard = Heard().voice(2_500).silence(300).silence(1_000, BEEP)
    assert heard.verdicts == ["machine"]
    assert [by for by, _ in heard.over] == ["beep"]


def test_a_beep_before_anybody_spoke_is_a_machine_s():
    assert Heard().silence(1_000).silence(40, BEEP).verdicts == ["machine"]


def test_a_beep_in_the_room_of_a_person_is_nothing():
    heard = Heard().voice(700).silence(900).silence(1_000, BEEP)
    assert heard.verdicts == ["human"]
    assert heard.detector.beep() == []


def test_a_beep_after_a_shop_s_greeting_is_nothing():
    heard = Heard().voice(2_400).silence(1_000)
    assert heard.verdicts == ["human"]
    assert heard.silence(1_000, BEEP).verdicts == ["human"]


def test_a_beep_is_waited_to_its_end_also_when_the_switch_tells_it():
    heard = Heard().voice(2_000).words(MACHINE).voice(500)
    heard.events += heard.detector.beep()
    heard.goes_on(800, False, sounding=True)
    assert heard.over == []
    assert [by for by, _ in heard.silence(100).over] == ["beep"]


def test_a_greeting_without_a_beep_is_over_after_a_silence_and_a_beep_may_follow():
    heard = Heard().voice(2_000).words(MACHINE).silence(2_600)
    assert [by for by, _ in heard.over] == ["silence"]
    assert [by for by, _ in heard.silence(1_000, BEEP).over] == ["silence", "beep"]


def test_an_assistant_is_told_when_it_falls_silent_and_may_ask_again():
    heard = Heard().voice(2_000).words("dites votre nom et le motif de votre appel").silence(1_200)
    assert heard.verdicts == ["screening"]
    assert [by for by, _ in heard.over] == ["silence"]
    heard.voice(900).words("merci restez en ligne").silence(1_200)
    assert heard.verdicts == ["screening", "screening"]
    heard.voice(900).words("laissez un message")
    assert heard.verdicts[-1] == "machine"


def test_an_announcement_may_still_ask_for_a_message():
    away = "votre correspondant n'est pas joignable"
    assert Heard().voice(1_600).words(away).silence(1_200).verdicts == ["announcement"]
    heard = Heard().voice(1_600).words(away).voice(800)
    heard.words(away + " laissez un message après le bip").silence(1_200)
    assert heard.verdicts == ["machine"]


def test_a_fax_and_the_special_information_tone():
    assert Heard().silence(500).silence(40, Tone("long", 2100.0, 2420)).verdicts == ["machine"]
    assert Heard().silence(500).silence(40, Tone("sit", 1800.0, 180)).verdicts == ["announcement"]


STEPS = st.one_of(
    st.tuples(st.just("voice"), st.integers(20, 6_000)),
    st.tuples(st.just("silence"), st.integers(20, 3_000)),
    st.tuples(st.just("words"), st.sampled_from(["allô", MACHINE, "restez en ligne"])),
    st.tuples(st.just("tone"), st.sampled_from([BEEP, Tone("sit", 1.0, 1), Tone("long", 1.0, 1)])),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_whatever_is_heard_a_verdict_of_a_machine_stays_and_looks_are_few(steps):
    heard = Heard()
    for kind, given_ in steps:
        if kind == "words":
            heard.words(given_)
        elif kind == "tone":
            heard.silence(20, given_)
        else:
            getattr(heard, kind)(given_)
    final = [n for n, v in enumerate(heard.verdicts) if v in ("machine", "announcement")]
    assert final in ([], [len(heard.verdicts) - 1])
    assert len(heard.looks) <= 16
    assert [e.at_ms for e in heard.events] == sorted(e.at_ms for e in heard.events)


def test_a_person_who_said_hello_first_may_say_that_they_have_no_time():
    heard = Heard().voice(400).words("allô").silence(400)
    heard.voice(1_500).words("je ne suis pas disponible pour le moment")
    assert heard.verdicts == []


def test_what_was_read_of_a_machine_s_hello_does_not_make_it_a_person():
    heard = Heard().voice(400).words("oui bonjour").silence(400)
    heard.voice(1_500).words("je ne suis pas disponible pour le moment")
    assert heard.verdicts == ["machine"]


def test_the_network_is_polite_too():
    heard = Heard().voice(1_500).words("votre couture est fondant mais pas joué, veuillez rappeler")
    assert heard.verdicts == []
