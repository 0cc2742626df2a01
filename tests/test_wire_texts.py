"""The texts in which tools answer: what one side writes the other reads."""

import json
from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve
from conformance.strategies import JSON, LINES, of
from hypothesis import given
from hypothesis import strategies as st

from agb._wire import texts
from agb._wire.code import MIME_FIELDS, CodeError, CodeOutcome, Display, read_outcome, write_outcome
from agb._wire.codec import Misread, dump, load
from agb._wire.metrics import Metrics

WORDS = LINES.map(str.strip).filter(bool)
KEYS = WORDS.filter(lambda key: ":" not in key)
PATHS = WORDS
CONTENTS = st.lists(LINES.filter(lambda line: line.strip() != "---")).map("\n".join).map(str.strip)
FACTS = (
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: "." in str(number))
    | st.from_regex(r"[a-z/ -]+\.txt", fullmatch=True).map(str.strip)
)


@given(facts=st.dictionaries(KEYS, FACTS))
def test_facts_of_a_file_are_read_as_they_were_written(facts: dict[str, texts.Fact]) -> None:
    read = texts.read_facts(texts.write_facts(facts))
    assert read == facts
    assert {key: type(fact) for key, fact in read.items()} == {
        key: type(fact) for key, fact in facts.items()
    }


def test_facts_are_what_they_look_like() -> None:
    text = "size: 11\r\nisDirectory: FALSE\nratio: 1.5\nmodTime: 10:20:30\nmode: 1.2.3\nnoise\n"
    assert texts.read_facts(text) == {
        "size": 11,
        "isDirectory": False,
        "ratio": 1.5,
        "modTime": "10:20:30",
        "mode": "1.2.3",
    }


def test_no_character_but_a_newline_ends_a_fact() -> None:
    facts = {"name": "a\u2028size: 0\x0bisDirectory: true\x85b"}
    assert texts.read_facts(texts.write_facts(facts)) == facts


@given(entries=st.lists(st.builds(texts.Entry, name=LINES, is_directory=st.booleans())))
def test_a_listing_is_read_as_it_was_written(entries: list[texts.Entry]) -> None:
    assert texts.read_listing(texts.write_listing(entries)) == entries


def test_other_lines_of_a_listing_are_skipped() -> None:
    assert texts.read_listing("total 2\n\n[FILE] a] b\r\n[LINK] c\n") == [
        texts.Entry(name="a] b", is_directory=False)
    ]


@given(contents=st.dictionaries(PATHS, CONTENTS))
def test_files_are_read_as_they_were_written(contents: dict[str, str]) -> None:
    assert texts.read_blocks(texts.write_blocks(contents), list(contents)) == contents


def test_a_path_with_a_colon_is_told_by_having_been_asked_for() -> None:
    text = "a:b:\none\n---\na: two\n---\nc: three"
    assert texts.read_blocks(text, ["a", "a:b"]) == {"a:b": "one", "a": "two", "c": "three"}


@given(paths=st.lists(PATHS).filter(lambda paths: paths != [texts.NO_MATCHES]))
def test_matches_are_read_as_they_were_written(paths: list[str]) -> None:
    assert texts.read_matches(texts.write_matches(paths)) == paths


def test_nothing_found_has_a_sentence_of_its_own() -> None:
    assert texts.write_matches([]) == "No matches found"


@pytest.mark.parametrize(
    ("text", "diff"),
    [
        ("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"),
        ("```diff\n-x\n+y\n```", "-x\n+y"),
        ("True", ""),
        ("", ""),
    ],
)
def test_a_diff_is_told_from_other_words(text: str, diff: str) -> None:
    assert texts.read_diff(text) == diff


@pytest.mark.parametrize("kind", [texts.ShellOutcome, texts.ChangeEvent, Metrics])
@given(data=st.data())
def test_an_answer_in_json_is_read_as_it_was_written(kind: type, data: st.DataObject) -> None:
    written = data.draw(of(kind))
    assert load(json.loads(json.dumps(dump(written))), kind) == written


@given(text=st.text())
def test_any_text_can_be_read(text: str) -> None:
    texts.read_facts(text)
    texts.read_listing(text)
    texts.read_blocks(text, ["a"])
    texts.read_matches(text)
    with suppress(Misread):
        load(text, texts.ShellOutcome)


@given(
    texts_shown=st.lists(st.text()),
    stdout=st.lists(st.text()),
    stderr=st.lists(st.text()),
    count=st.none() | st.integers(min_value=1),
    seconds=st.floats(min_value=0, allow_infinity=False),
    error=st.none() | st.text(min_size=1),
)
def test_an_outcome_of_code_is_read_as_it_was_written(
    *,
    texts_shown: list[str],
    stdout: list[str],
    stderr: list[str],
    count: int | None,
    seconds: float,
    error: str | None,
) -> None:
    text = write_outcome(
        results=[{"text/plain": shown, "isMainResult": True} for shown in texts_shown],
        stdout=stdout,
        stderr=stderr,
        execution_count=count,
        execution_time=seconds,
        error=error,
    )
    assert read_outcome(text) == CodeOutcome(
        results=tuple(Display(values={"text": s}, is_main_result=True) for s in texts_shown),
        stdout=tuple(stdout),
        stderr=tuple(stderr),
        execution_count=count,
        execution_time=seconds,
        error=None if error is None else CodeError(value=error),
    )


def outcome(**members: Any) -> CodeOutcome:
    return read_outcome(json.dumps(members))


def shown(item: Any) -> Any:
    return outcome(result=[item]).results[0].values


@pytest.mark.parametrize(("mime", "field"), MIME_FIELDS.items())
def test_each_mime_type_has_its_field(mime: str, field: str) -> None:
    assert shown({mime: "x"}) == {field: "x"}
    assert shown({field: "x"}) == {field: "x"}


def test_json_stays_json_and_all_else_becomes_text() -> None:
    spec = {"mark": "line"}
    assert shown({"application/json": spec, "text/plain": 7}) == {"json": spec, "text": "7"}
    assert shown({"application/vnd.vegalite.v5+json": spec}) == {"chart": spec}
    assert shown({"text": None, "text/plain": "x"}) == {"text": None}
    assert shown(None) == {"text": "None"}


def test_the_older_chart_wins_over_the_newer() -> None:
    both = {"application/vnd.vegalite.v5+json": 5, "application/vnd.vegalite.v4+json": 4}
    assert shown(both) == {"chart": 4}


def test_an_error_may_be_told_as_words_or_as_an_object() -> None:
    assert outcome(executionError="E: bad").error == CodeError(value="E: bad")
    told = {"name": "E", "message": "bad", "traceback": "line 1"}
    assert outcome(result=[], executionError=told).error == CodeError(
        name="E", value="bad", traceback="line 1"
    )
    assert outcome(result=[], executionError="").error is None


def test_an_error_may_be_told_as_words_and_as_an_object_besides() -> None:
    error = CodeError(name="E", value="bad", traceback="line 1\n")
    text = write_outcome(
        results=(), stdout=(), stderr=(), execution_count=1, execution_time=0.5, error=error
    )
    assert json.loads(text)["executionError"] == "E: bad"
    assert read_outcome(text).error == evolve(error, told="E: bad")
    assert outcome(result=[], executionError=None, error={"name": "E"}).error is None


def test_an_error_in_a_rich_outcome_keeps_what_was_printed() -> None:
    read = outcome(logs={"stdout": ["before\n"]}, isError=True)
    assert read.stdout == ("before\n",)
    assert read.error is not None


def test_an_outcome_without_words_is_an_error() -> None:
    assert outcome(content=[]).error == CodeError(value="no data")
    assert outcome(content=[{"text": ""}]).error == CodeError(value="no data")
    assert outcome(content=[{"text": 5}]).results[0].values == {"text": "5"}


def test_what_is_not_of_its_kind_counts_as_absent() -> None:
    read = outcome(results=5, logs="text", execution_count="1", execution_time="fast", error=None)
    assert read == CodeOutcome(execution_time=None)
    assert outcome(result=[], stdout=5, stderr={"a": 1}) == CodeOutcome()


MEMBERS = (
    "result",
    "results",
    "logs",
    "content",
    "stdout",
    "isError",
    "error",
    "executionError",
    "execution_count",
)
OUTCOMES = st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, JSON))


@given(text=st.text() | JSON.map(json.dumps) | OUTCOMES.map(json.dumps))
def test_any_outcome_can_be_read(text: str) -> None:
    read = read_outcome(text)
    assert all(isinstance(line, str) for line in (*read.stdout, *read.stderr))
