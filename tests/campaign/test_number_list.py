"""Lists of numbers, and Bloctel by the files it takes and gives."""

from agentd.campaign.contacts_csv import Rejected
from agentd.campaign.number_list import OppositionService, ReturnedFile, numbers


def test_one_a_line_or_a_column_of_a_csv(tmp_path):
    plain = tmp_path / "plain.txt"
    plain.write_text("0199001234\n\n+33 1 99 00 12 35\nbonjour\n")
    found = list(numbers(plain))
    assert found[:2] == ["+33199001234", "+33199001235"]
    assert isinstance(found[2], Rejected)
    assert found[2].line == 4
    table = tmp_path / "table.csv"
    table.write_text("siret;Téléphone\n12345678901234;0199001234\n12345678901234;\n", "cp1252")
    first, second = numbers(table)
    assert first == "+33199001234"
    assert isinstance(second, Rejected)
    bare = tmp_path / "bare.csv"
    bare.write_text("a;0199001234;x\nb;0199001235;y\n")
    assert list(numbers(bare)) == ["+33199001234", "+33199001235"]


def test_who_is_on_a_list_with_two_numbers_or_after_a_broken_row_is_on_it(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text('fixe;mobile;nom\n0199001234;0639981234;a\n;0199001235;"b\n0199001236;;c\n')
    found = list(numbers(table))
    assert found[:2] == ["+33199001234", "+33639981234"]
    assert (found[2].line, "unclosed quote" in found[2].reason) == (3, True)
    assert found[3:] == ["+33199001236"]


def test_what_bloctel_took_out_is_listed(tmp_path):
    returned = tmp_path / "returned.csv"
    returned.write_text("tel\n0199001234\n")
    service: OppositionService = ReturnedFile(returned)
    asked = ["+33199001234", "+33199001235"]
    assert service.check(asked) == {"+33199001234": False, "+33199001235": True}
