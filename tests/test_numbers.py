"""Numbers as people write them: overseas, fiction, and that the quick way is the right one."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.numbers import at_home, e164


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("01 99 00 12 34", "+33199001234"),
        ("01.99.00.12.34", "+33199001234"),
        ("+33 (0)1 99 00 12 34", "+33199001234"),
        ("01\u00a099\u202f00 12 34", "+33199001234"),
        ("199001234", "+33199001234"),  # a spreadsheet took it for a number
        ("33199001234", "+33199001234"),
        ("06 39 98 12 34", "+33639981234"),  # fiction, though 0639 is Mayotte's
        ("0639 01 12 34", "+262639011234"),
        ("0692 00 12 34", "+262692001234"),
        ("+33692001234", "+262692001234"),
        ("0590 00 12 34", "+590590001234"),
        ("0694 00 12 34", "+594694001234"),
        ("0696 00 12 34", "+596696001234"),
        ("0508 41 12 34", "+508411234"),
        ("+508 41 12 34", "+508411234"),
        ("+687 25 12 34", "+687251234"),
        ("09475 12345", "+590947512345"),
        ("+32 2 555 12 34", "+3225551234"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_written_by_people(written, number):
    assert e164(written) == number


@settings(deadline=None)
@given(st.from_regex(r"[1-9][0-9]{8}", fullmatch=True), st.sampled_from(["", " ", ".", "-"]))
def test_the_quick_way_says_what_the_library_does(national, gap):
    written = gap.join(["0" + national[0], *(national[i : i + 2] for i in (1, 3, 5, 7))])
    slow = phonenumbers.parse(written, "FR")
    assert str(slow.national_number) == national
    assert e164(written) == at_home(national)
