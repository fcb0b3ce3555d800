"""The gate in front of a person's voice: what it lets through, and that it fails closed."""

import hashlib
from datetime import date

import pytest
import yaml

from agentd.errors import BadInput
from agentd.speech import consent
from agentd.speech.consent import Use

TODAY = date(2026, 11, 24)
PROOF = b"%PDF signed by Anne"
GOOD = {
    "speaker": "Anne Exemple",
    "date": date(2026, 11, 2),
    "scope": ["telephone"],
    "expiry": date(2027, 11, 2),
    "proof": "consent.pdf",
    "sha256": hashlib.sha256(PROOF).hexdigest(),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "anne").mkdir()
    (tmp_path / "anne/consent.pdf").write_bytes(PROOF)
    return tmp_path / "anne"


def written(folder, **changes):
    data = {k: v for k, v in (GOOD | changes).items() if v is not ...}
    (folder / "consent.yaml").write_text(yaml.safe_dump(data))
    return folder


def test_a_good_record_lets_through_until_its_last_day(folder):
    record = consent.require(written(folder), TODAY)
    assert record.speaker == "Anne Exemple"
    assert consent.require(folder, date(2027, 11, 2)).id == record.id
    with pytest.raises(BadInput, match="has expired on 2027-11-02"):
        consent.require(folder, date(2027, 11, 3))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"speaker": ...}, "speaker: is missing; expected the full name"),
        ({"speaker": " - "}, "speaker: String should match"),
        ({"date": "last week"}, "date: Input should be a valid date"),
        ({"date": date(2026, 11, 25)}, "date: 2026-11-25 is in the future"),
        ({"scope": []}, "scope: Tuple should have at least 1 item"),
        ({"scope": ["everything"]}, "'everything' is no scope; expected a list: telephone"),
        ({"scope": ["theme:"]}, "'theme:' is no scope"),
        ({"expiry": ...}, "expiry: is missing; expected the last day it holds"),
        ({"expiry": date(2026, 11, 1)}, "expiry: 2026-11-01 is before"),
        ({"expiry": date(2026, 11, 23)}, "has expired on 2026-11-23"),
        ({"proof": "../other/consent.pdf"}, "proof: String should match"),
        ({"proof": "lost.pdf"}, "lost.pdf cannot be read"),
        ({"sha256": "0" * 64}, "is not the document it was; its SHA-256 is"),
        ({"sha256": "abc"}, "sha256: String should match"),
        ({"revoked": date(2026, 11, 20)}, "took the consent back on 2026-11-20"),
        ({"expires": 2}, "expires: no such field; there are speaker"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_allowed(folder, changes, said):
    with pytest.raises(BadInput) as caught:
        consent.require(written(folder, **changes), TODAY)
    assert said in str(caught.value)
    assert str(folder / "consent.yaml") in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"speaker: [", b"\xff\xfe", None])
def test_what_is_no_record_allows_nothing(folder, content):
    if content is not None:
        (folder / "consent.yaml").write_bytes(content)
    with pytest.raises(BadInput, match=r"consent\.yaml"):
        consent.require(folder, TODAY)


FINANCE = Use("finance", "credit", "Banque Exemple")


@pytest.mark.parametrize(
    ("scope", "use", "covered"),
    [
        ("telephone", FINANCE, True),
        ("theme:finance", FINANCE, True),
        ("Theme:Finance", FINANCE, True),
        ("theme:crypto", FINANCE, False),
        ("company:banque  exemple", FINANCE, True),
        ("company:Autre", FINANCE, False),
        ("scenario:credit", FINANCE, True),
        ("scenario:credit, theme:crypto", Use("crypto"), True),
        ("scenario:credit", Use("finance"), False),
    ],
)
def test_scope(folder, scope, use, covered):
    scope = scope if not scope.startswith("Theme") else "theme:Finance"
    written(folder, scope=scope)
    if covered:
        consent.require(folder, TODAY, [use])
        return
    with pytest.raises(BadInput, match="Anne Exemple did not agree to"):
        consent.require(folder, TODAY, [use])


def test_the_id_changes_with_what_is_agreed(folder):
    one = consent.require(written(folder), TODAY).id
    assert consent.require(written(folder, scope=["theme:finance"]), TODAY).id != one


def test_a_record_is_written_with_its_proof_and_read_again(folder, tmp_path):
    record = consent.parse(dict(GOOD), "answers")
    consent.write(tmp_path / "new", record, folder / "consent.pdf")
    assert consent.require(tmp_path / "new", TODAY) == record
    assert (tmp_path / "new/consent.pdf").read_bytes() == PROOF
