"""Numbers as suppression hashes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.numbers import at_home
from agentd.store.phones import e164, phone_hash


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+33140000001", "+33140000001"),
        ("01 40.00-00 01", "+33140000001"),
        ("0033 1 40 00 00 01", "+33140000001"),
        ("33140000001", "+33140000001"),
        ("+33 (0)1 40 00 00 01", "+33140000001"),
        ("tel:+33140000001", "+33140000001"),
        ("tel:+33140000001;phone-context=x", "+33140000001"),
        ("sip:0140000001@10.0.0.1:5060", "+33140000001"),
        ("SIPS:+33140000001@h", "+33140000001"),
        ("+32 2 555 12 12", "+3225551212"),
        ("7000", "7000"),
        ("anonymous", ""),
        ("", ""),
    ],
)
def test_one_number_however_it_is_written(written, number):
    assert e164(written) == number


@given(st.text())
def test_any_text_gives_a_number_or_nothing_and_is_stable(text):
    number = e164(text)
    assert set(number) <= set("+0123456789")
    assert e164(number) == number


@given(st.from_regex(r"0[1-79][0-9]{8}", fullmatch=True))
def test_national_and_international_forms_are_one(national):
    international = e164(f"+33{national[1:]}")
    assert international == at_home(national[1:])
    assert international.endswith(national[-6:])
    assert {e164(national), e164(f"0033{national[1:]}"), e164(f"33{national[1:]}")} == {
        international
    }


def test_the_hash_is_the_documented_one():
    # printf '+33140000001' | openssl dgst -sha256 -hmac key
    assert phone_hash("0140000001", b"key") == phone_hash("+33140000001", b"key")
    expected = "e8a51a36a822d9a812e0774b6c321f3e4cb3061e19f600b6128ef2519689c88d"
    assert phone_hash("0140000001", b"key") == expected
    assert phone_hash("0140000001", b"other") != expected
    with pytest.raises(ValueError, match="digits"):
        phone_hash("anonymous", b"key")
