"""The language reference is true: its examples load, and it speaks of every key there is."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.suite.grammar import AXIS_TABLE_KEYS, CASE_KEYS, FILE_KEYS
from harness.suite.lint import lint
from harness.suite.model import Expect
from harness.suite.step_keys import (
    ALTERNATIVE_KEYS,
    AVP_EDIT_KEYS,
    COMMON_KEYS,
    HEADER_EDIT_KEYS,
    HIDE_KEYS,
    MATCHER_KEYS,
    STEPS,
)
from harness.suite.vocabulary import (
    HEADER_FIELDS,
    KNOWN_TAGS,
    RECEIVED_WORDS,
    RESERVED_NAMES,
    SENT_WORDS,
)
from tests.suite.reading import ROOT, blocks, cases_of, in_case, suite_of, table

PAGE = (ROOT / "suites" / "README.md").read_text(encoding="utf-8")
SUITES = blocks(PAGE, "suite")
CASES = blocks(PAGE, "case")
STEP_BLOCKS = blocks(PAGE, "steps")
HEADING = "### "


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def section_of(step: str) -> str:
    """The part of the page about a step; `acks` and `hello` share one."""
    for part in PAGE.split(HEADING)[1:]:
        if f"`{step}`" in part.splitlines()[0]:
            return part
    raise AssertionError(f"no section about {step}")


@pytest.mark.parametrize("text", SUITES)
def test_the_suites_load(text: str) -> None:
    suite = suite_of(text)
    assert suite.cases
    assert not lint([suite], table())


@pytest.mark.parametrize("text", CASES)
def test_the_cases_load(text: str) -> None:
    suite = suite_of("title: Sample\nspec: rfc2661\ncases:\n" + indented(text))
    assert suite.cases


@pytest.mark.parametrize("text", STEP_BLOCKS)
def test_the_steps_load(text: str) -> None:
    try:
        cases = cases_of(text + "- alive:\n")
    except HarnessError as error:
        raise AssertionError(f"{in_case(text)}\n{error}") from error
    assert len(cases) == 1


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_an_example_and_every_key_of_it_is_shown(step: str) -> None:
    section = section_of(step)
    examples = "".join(blocks(section, "steps"))
    assert f"- {step}:" in examples
    form = STEPS[step]
    for key in [*form.keys, *form.block]:
        assert f"{key}:" in examples, f"{step}: no example of {key}"
        assert f"`{key}`" in section or f"`{key}:" in section, f"{step}: {key} is not explained"


def test_every_other_key_is_explained() -> None:
    tables = [
        FILE_KEYS,
        CASE_KEYS,
        COMMON_KEYS,
        AVP_EDIT_KEYS,
        HEADER_EDIT_KEYS,
        HIDE_KEYS,
        ALTERNATIVE_KEYS,
    ]
    words = [key for table in tables for key in table]
    words += [*HEADER_FIELDS, *KNOWN_TAGS, *RECEIVED_WORDS, *SENT_WORDS]
    for word in words:
        assert f"`{word}`" in PAGE or f"`{word}:" in PAGE, f"{word} is not explained"
    for name in RESERVED_NAMES:
        assert f"`${{{name}}}`" in PAGE, f"{name} is not explained"
    for operator in MATCHER_KEYS:
        assert f"`{{{operator}: " in PAGE
    for axis in AXIS_TABLE_KEYS:
        assert f"`{{{axis}: " in PAGE


def test_the_first_example_is_what_it_says() -> None:
    first = suite_of(SUITES[0])
    ids = [case.id for case in first.cases]
    assert ids[0] == "sample/unknown-mandatory-avp"
    assert "sample/missing-avp[avp=host_name]" in ids
    expect = first.cases[0].steps[1]
    assert isinstance(expect, Expect)
    assert expect.text == "expect: StopCCN, where: {result_code: {result: 2, error: 8}}"
