"""CSV files as people have them: nothing they hold stops the rows that are right."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.campaign.contacts_csv import ContactsFile, Rejected, Row
from agentd.errors import BadInput

HEADER = "Prénom;Nom;Téléphone;Société;Code Postal"
LINE = 'Zoé;"Dupont; née ""X""";01 99 00 12 34;;75001'
ZOE = Row(2, "+33199001234", "Zoé", 'Dupont; née "X"', "", {"code_postal": "75001"})


@pytest.fixture
def read(tmp_path):
    def rows(content: bytes | str, name: str = "contacts.csv") -> list[Row | Rejected]:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(ContactsFile(file).rows())

    return rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_usual_encodings_and_line_ends(read, encoding, end):
    assert read(f"{HEADER}{end}{LINE}{end}".encode(encoding)) == [ZOE]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_usual_separators(read, separator):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(HEADER.split(";"))
    writer.writerow(["Zoé", 'Dupont; née "X"', "01 99 00 12 34", "", "75001"])
    assert read(out.getvalue()) == [ZOE]


@pytest.mark.parametrize(
    "header",
    [
        "phone",
        "Téléphone",
        "TEL",
        "Numéro de téléphone",
        "Portable",
        " mobile ",
        "N° de tél.",
        "Tél. bureau",
        "Numéro de portable",
        "PhoneNumber phone",
    ],
)
def test_french_headers_and_their_variants(read, header):
    assert read(f"prenom,{header}\nZoé,0199001234\n") == [Row(2, "+33199001234", "Zoé")]


def test_a_column_about_a_telephone_is_none(read):
    (row,) = read("type de téléphone,téléphone,date tel\nfixe,0199001234,2026\n")
    assert row.phone == "+33199001234"
    assert row.columns == {"type_de_telephone": "fixe", "date_tel": "2026"}


@pytest.mark.parametrize("before", ["sep=;\r\n", "\n\n", "\r\nSEP=;\r\n \n"])
def test_what_excel_puts_before_the_header(read, before):
    rows = read(f"{before}{HEADER}\n{LINE}\nx;y;12;;\n")
    assert (rows[0].phone, rows[0].columns) == (ZOE.phone, ZOE.columns)
    assert [row.line for row in rows] == [before.count("\n") + n for n in (2, 3)]


def test_a_value_over_several_lines_keeps_count_of_the_lines(read):
    rows = read('nom,tel\n"a\nb",0199001234\nc,12\n\n\nd,0199001235\n')
    assert rows[0] == Row(2, "+33199001234", "", "a b")
    assert (rows[1].line, rows[2].line) == (4, 7)


def test_bad_rows_are_given_back_with_line_and_reason(read):
    rows = read(
        "nom,tel,ville\n"
        "a,,x\n"
        "b,pas de tel,x\n"
        "c,01 99,x\n"
        "d,0899123456,x\n"
        "e,0199001234,x,y\n"
        "f,0199001234 / 0199001235,x\n"
        'g,"3,36E+10",x\n'
        "h,+32 2 555 12 34,x\n"
        "i,0199001234\n"
    )
    assert [row.line for row in rows] == list(range(2, 11))
    assert [type(row) for row in rows] == [*[Rejected] * 8, Row]
    reasons = [row.reason for row in rows[:-1]]
    for reason, part in zip(
        reasons,
        [
            "no telephone number", "no digit", "4 digits", "premium", "4 values for 3",
            "two numbers", "spreadsheet", "+32",
        ],
        strict=True,
    ):  # fmt: skip
        assert part in reason
        assert "0199" not in reason


def test_a_byte_that_is_of_no_encoding_costs_its_row_alone(read):
    rows = read(b"nom,tel\nZo\xe9 \x81,0199001234\nb,0199001235\n")
    assert isinstance(rows[0], Rejected)
    assert rows[1].phone == "+33199001235"


def test_an_unclosed_quote_costs_its_row_alone(read):
    many = "".join(f"n{i},01990012{i % 100:02d}\n" for i in range(12_000))
    rows = read(f'nom,tel\n"a,0199001234\n{many}')
    assert isinstance(rows[0], Rejected)
    assert (rows[0].line, "unclosed quote" in rows[0].reason) == (2, True)
    assert [row.line for row in rows[1:]] == list(range(3, 12_003))
    assert all(isinstance(row, Row) for row in rows[1:])


def test_one_that_a_later_row_closes_and_one_at_the_end(read):
    rows = read('nom,tel\n"a,0199001234\nb,0199001235\nc,"0199001236"\n"d,0199001237\n')
    assert [(row.line, type(row)) for row in rows] == [
        (2, Rejected), (3, Row), (4, Row), (5, Rejected),
    ]  # fmt: skip
    assert [row.phone for row in rows if isinstance(row, Row)] == ["+33199001235", "+33199001236"]


def test_a_quote_in_the_middle_and_an_address_of_two_lines_are_rows(read):
    rows = read('nom,tel,adresse\n"ACME" SARL,0199001234,x\nb,0199001235,"1 rue\nVille"\n')
    assert [row.last_name for row in rows] == ["ACME SARL", "b"]
    assert rows[1].columns["adresse"] == "1 rue Ville"


def test_a_line_of_ten_million_characters_costs_itself_alone(tmp_path):
    file = tmp_path / "long.csv"
    file.write_bytes(b"tel,note\n0199001234," + b"x" * 10_000_000 + b"\n0199001235,ok\n")
    tracemalloc.start()
    rows = list(ContactsFile(file).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(row.line, type(row)) for row in rows] == [(2, Rejected), (3, Row)]
    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("'0199001234", "+33199001234"),
        ('=""0199001234""', "+33199001234"),
        ("+33(0)1 99 00 12 34", "+33199001234"),
        ("33199001234.0", "+33199001234"),
        ("199001234,0", "+33199001234"),
        ("01 99 00 12 34 (bureau)", "+33199001234"),
        ("\u202a+33199001234\u202c", "+33199001234"),
        ("3.36E+10", "spreadsheet"),
        ("zéro un quatre-vingt", "no digit"),
        ("01 99 00 12 34 poste 12", "letters"),
    ],
)
def test_what_spreadsheets_and_people_make_of_a_number(read, written, phone):
    (row,) = read(f'tel;nom\n"{written}";a\n')
    if phone.startswith("+"):
        assert row.phone == phone
    else:
        assert phone in row.reason


def test_the_first_of_several_numbers_that_can_be_called(read):
    rows = read(
        "fixe,mobile,nom\n,0639981234,a\n0199001234,0639981234,b\n0899123456,0639981234,c\n"
    )
    assert [row.phone for row in rows] == ["+33639981234", "+33199001234", "+33639981234"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04xxxxxxxx", "spreadsheet"),
        (b"nom,prenom\na,b\n", "no telephone column"),
        (b"0199001234\n0199001235\n", "no telephone column"),
    ],
)
def test_what_is_no_file_of_contacts_is_said_with_a_mend(read, content, part):
    with pytest.raises(BadInput, match=part):
        read(content)


def test_what_is_no_text_does_not_reach_the_terminal_as_it_is(read):
    with pytest.raises(BadInput) as said:
        read(b"\x1b[2J\x07,b\n1,2\n")
    assert "\x1b" not in str(said.value)
    assert "?[2J?, b" in str(said.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        ContactsFile(tmp_path / "none.csv")


def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for rows in (2_000, 20_000):
        file = tmp_path / f"{rows}.csv"
        with file.open("w", encoding="cp1252") as out:
            out.write(f"{HEADER}\n")
            out.writelines(f"Zoé;Nom{n};0199{n:06d};ACME;75001\n" for n in range(rows))
        tracemalloc.start()
        count = sum(isinstance(row, Row) for row in ContactsFile(file).rows())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == rows
    assert peaks[1] < peaks[0] + 200_000


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufffd"), max_size=20)


@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 9999)), min_size=1, max_size=20),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=100, deadline=None)
def test_what_csv_writes_is_read_back(tmp_path_factory, people, separator, encoding):
    file = tmp_path_factory.mktemp("csv") / "x.csv"
    with file.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out, delimiter=separator)
        writer.writerow(["prénom", "ville", "téléphone"])
        writer.writerows([a, b, f"0199{n:06d}"] for a, b, n in people)
    rows = list(ContactsFile(file).rows())
    assert [(row.phone, row.first_name, row.columns.get("ville", "")) for row in rows] == [
        (f"+33199{n:06d}", " ".join(a.split()), " ".join(b.split())) for a, b, n in people
    ]


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_it_fail_otherwise_than_in_words(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("csv") / "x.csv"
    file.write_bytes(b"tel;nom\n" + content)
    try:
        rows = list(ContactsFile(file).rows())
    except BadInput:
        return
    assert all(isinstance(row, Row | Rejected) for row in rows)
    assert all(row.phone.startswith("+") for row in rows if isinstance(row, Row))
