"""Every command that a page shows: typed into a sandbox, line by line, and its exit status looked
at. What reaches outside is checked word by word instead (typed_words.py says what, and why)."""

import re

import pytest
import typed_words
from docs_sandbox import SAMPLES, build, named_files, told
from shown_commands import PAGES, ROOT, Shown, lines_of, spans_of

# Lines whose answer is "no", as (page, how the line begins): the exit status is a verdict there.
VERDICTS: dict[tuple[str, str], tuple[int, str]] = {
    ("docs/law.md", "agentd suppress check"): (1, "the page has just suppressed this number"),
}


def _pages(which=PAGES):
    return [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in which]


def _lines(page):
    return lines_of(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"))


def _verdict(shown: Shown) -> int:
    for (page, beginning), (status, _) in VERDICTS.items():
        if page in ("*", shown.page) and shown.text.strip().startswith(beginning):
            return status
    return 0


@pytest.mark.speech
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", _pages([page for page in PAGES if _lines(page)]))
def test_what_a_page_shows_works(page, tmp_path, speech_models):
    text = page.read_text(encoding="utf-8")
    shown = _lines(page)
    sandbox = build(tmp_path, page.relative_to(ROOT).as_posix())
    for file, content in named_files(text).items():
        (tmp_path / "checkout" / file).write_text(content, encoding="utf-8")
    assert sandbox.run("agentd db migrate").returncode == 0
    wrong = []
    for line in shown:
        done = sandbox.run(line.text, line.block)
        wanted = _verdict(line)
        if done.returncode != wanted:
            wrong.append(told(line, done, wanted))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", _pages())
def test_what_a_page_mentions_exists(page):
    name = page.relative_to(ROOT).as_posix()
    wrong = []
    for span in spans_of(name, page.read_text(encoding="utf-8")):
        try:
            typed_words.check_mention(span.text)
        except typed_words.Wrong as error:
            wrong.append(f"{span.place}: `{span.text}`: {error}")
    assert not wrong, "\n".join(wrong)


def test_each_verdict_is_still_shown():
    shown = [line for page in PAGES for line in _lines(page)]
    for page, beginning in VERDICTS:
        assert any(
            page in ("*", line.page) and line.text.strip().startswith(beginning) for line in shown
        ), f"VERDICTS: nothing begins {beginning!r} on {page}; take it out"


def test_the_samples_are_fictional():
    """Numbers of ARCEP's ranges for fiction only."""
    for text in SAMPLES.values():
        for number in re.findall(r"\b0\d{9}\b", text):
            assert re.match(r"01990|026191|035301|046571|053649|06399", number), number


@pytest.mark.parametrize(
    ("markdown", "status"),
    [
        ("    agentd scenario lint finance", 0),
        ("    agentd scenario lint nosuch", 2),
        ("    agentd scenario lint --nosuch finance", 2),
        ("    nosuchprogram --help", 127),
        ("    systemctl restart agentd@8084", 0),
        ("    systemctl restart agentd-nosuch", 97),
        ("    make nosuch", 97),
        ("    pip install 'agentd[nosuch]'", 97),
        ("    echo a | agentd nosuch", 2),
        (
            "    sudo -u agentd env A=b sh -c '\n      agentd serve\n      agentd serve --nosuch'",
            97,
        ),
    ],
)
def test_the_test_itself_sees_what_is_wrong(markdown, status, tmp_path):
    (shown,) = lines_of("page", f"Text.\n\n{markdown}\n")
    done = build(tmp_path, "page").run(shown.text)
    assert done.returncode == status, done.stderr
    if status:
        assert shown.text.split()[0] in told(shown, done, 0)


@pytest.mark.parametrize(
    ("span", "good"),
    [
        ("agentd campaign create|start", True),
        ("agentd replay CALL", True),
        ("agentd replay --nosuch", False),
        ("agentd nosuch", False),
        ("agentd campaign nosuch", False),
        ("make demo", True),
        ("make nosuch", False),
        ("curl http://127.0.0.1:28084/nosuch", False),
        ("lead_threshold", None),
        ("agentd", None),
    ],
)
def test_mentions_are_told_from_words(span, good):
    if good is False:
        with pytest.raises(typed_words.Wrong):
            typed_words.check_mention(span)
    else:
        assert typed_words.check_mention(span) is bool(good)


def test_lines_end_where_bash_says():
    markdown = (
        "Text.\n\n    # a comment\n    one \\\n      --more  # why\n    two 'a\n    b'\n\n"
        "```yaml\nnot: this\n```\n\n```\nthree\n```\n"
    )
    found = [
        (shown.line, shown.text.splitlines()[0].split()[0]) for shown in lines_of("p", markdown)
    ]
    assert found == [(4, "one"), (6, "two"), (14, "three")]
