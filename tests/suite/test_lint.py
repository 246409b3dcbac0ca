"""What is legal but looks like a mistake is told, and what does not is left alone."""

from __future__ import annotations

import pytest

from harness.suite.lint import lint
from tests.suite.reading import ROOT, ROW, in_case, suite_of, table

QUIET = "Something that can be told apart from its opposite."


def codes(text: str) -> list[str]:
    return [one.code for one in lint([suite_of(text)], table())]


@pytest.mark.parametrize(
    ("steps", "extra", "code"),
    [
        ("- alive:\n  rows: [RFC2661-5.5-01]", "", "lint.unchecked-row"),
        ("- alive:\n  rows: [RFC2661-4.2-02]\n- alive:", "", "lint.excluded-row"),
        ("- alive:\n  rows: [RFC2661-4.4.3-05]\n- alive:", "", "lint.other-side"),
        ("- alive:", "tags: [quik]", "lint.tag"),
        ("- expect: SCCRP\n  save: {a: header.ns}", "", "lint.unused-save"),
        ("- expect: [any, silence]", "", "lint.toothless"),
        ("- expect: [{message: any, verdict: fail}]", "", "lint.never-passes"),
        ("- expect: OCRP", "", "lint.never-sent"),
        ("- expect: SCCRP\n  where: {called_number: x}", "", "lint.never-carried"),
        ("- send: ICRP\n- alive:", "", "lint.wrong-sender"),
        ("- expect: SCCRP\n  tunnel: t2", "", "lint.tunnel"),
        ("- establish: session\n- alive:", "", "lint.requires"),
        ("- establish: tunnel\n  authenticate: true\n- alive:", "", "lint.requires"),
        ("- repeat: {count: 2, steps: [{expect: OCRP}]}", "", "lint.never-sent"),
    ],
)
def test_what_looks_like_a_mistake(steps: str, extra: str, code: str) -> None:
    assert codes(in_case(steps, extra)) == [code]


@pytest.mark.parametrize(
    ("steps", "extra"),
    [
        ("- alive:\n  rows: [RFC2661-5.5-01]\n- alive:", ""),
        ("- expect: SCCRP\n  save: {a: header.ns}\n- compare: {a: 1}", ""),
        (
            '- expect: SCCRP\n  save: {a: header.ns}\n- send: raw\n  raw: "0x${a:2}"\n- alive:',
            "",
        ),
        ("- expect: [any, {message: silence, verdict: warn}]", ""),
        ("- expect: [{message: any, where: {host_name: x}}, silence]", ""),
        ("- expect: [{message: OCRP, verdict: fail}, silence]", ""),
        ("- expect: SCCRP\n  where: {called_number: absent}", ""),
        ("- send: ICRP\n- alive:", "tags: [negative]"),
        ("- send: SCCRQ\n  tunnel: t2\n- expect: SCCRP\n  tunnel: t2", ""),
        ("- establish: session\n- alive:", "requires: incoming_calls"),
    ],
)
def test_what_is_left_alone(steps: str, extra: str) -> None:
    assert codes(in_case(steps, extra)) == []


@pytest.mark.parametrize(
    ("purpose", "found"),
    [("Too short.", ["lint.purpose"]), ("Long. " * 60, ["lint.purpose"]), (QUIET, [])],
)
def test_how_long_a_purpose_is(purpose: str, found: list[str]) -> None:
    assert codes(in_case("- alive:").replace(QUIET, purpose)) == found


def test_a_purpose_copied_from_another_case() -> None:
    text = in_case("- alive:")
    text += (
        f"  two:\n    purpose: {QUIET.lower()}\n    covers: {ROW}\n    iut: lns\n"
        "    steps: [{alive: }]\n"
    )
    (found,) = lint([suite_of(text)], table())
    assert found.code == "lint.same-purpose"
    assert found.place.line == 10
    assert "sample/one" in found.text


def test_axes_of_one_case_do_not_count_as_copies_and_are_told_about_once() -> None:
    text = in_case('- send: SCCRQ\n  repeat: "${n}"\n- expect: OCRP', "each: {n: [1, 2, 3]}")
    (found,) = lint([suite_of(text)], table())
    assert str(found).startswith("sample.yaml:12:9: an LNS never sends OCRP [lint.never-sent]")


def test_two_suites_with_the_same_ids() -> None:
    suite = suite_of(in_case("- alive:"))
    assert [one.code for one in lint([suite, suite], table())] == ["lint.same-id"]


def test_the_sample_is_clean() -> None:
    text = (ROOT / "tests" / "suite" / "data" / "sample.yaml").read_text(encoding="utf-8")
    assert codes(text) == []
