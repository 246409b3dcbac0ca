"""The statement of conformance: what it counts, what it groups, and that time is not in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import HarnessError
from harness.report.statement import Standing, Statement
from harness.report.statement_text import NOT_LOOKED_INTO, markdown, text
from harness.report.stating import state
from harness.resources import data_folder
from harness.run.events import (
    CaseEnd,
    Check,
    Event,
    Expectation,
    Header,
    Note,
    Row,
    RunError,
    Verdict,
)
from tests.report import runs

PASS, FAIL, WARN, SKIP = Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.SKIP
BINDING, OTHER, SHOULD, REMOTE, IDLE = "R-1", "R-2", "R-3", "R-4", "R-5"
PUBLISHED = data_folder("reports") / "published"
ROWS = {
    BINDING: Row("4.1", "MUST", "An unknown AVP | with M = 1 ends the *tunnel*."),
    OTHER: Row("4.10", "MUST", "Something that a LAC keeps.", binds=False),
    SHOULD: Row("4.9", "SHOULD", "An acknowledgement is not held back."),
    REMOTE: Row("5.8", "MUST", "What nobody sees.", excluded="It is inside the device."),
    IDLE: Row("5.8", "MAY", "What no case came to."),
}


def header(**changes: object) -> Header:
    values: dict[str, object] = {
        "rows": ROWS,
        "selection": (),
        "version": "1.3.18",
        "ics": {"hidden_avps": "no", "ppp": "yes"},
        "ixit": {"port": "1701", "secret": "set"},
    }
    return runs.header(**(values | changes))


def case(
    name: str,
    *checks: tuple[str, Verdict, tuple[str, ...]],
    reasons: tuple[str, ...] = (),
    note: str = "",
) -> list[Event]:
    """A case with checks (name, verdict, rows); `reasons`: the baseline excuses it by these."""
    verdicts = [verdict for _, verdict, _ in checks]
    verdict = next((one for one in (FAIL, WARN) if one in verdicts), PASS)
    expectation = Expectation.XFAIL if reasons else Expectation.EXPECTED
    made: list[Event] = [runs.start(name)]
    made += [runs.check(name, each, name=what, rows=rows) for what, each, rows in checks]
    made += [Note(name, 0.0, note, "P-3")] if note else []
    done = CaseEnd(name, 1.0, verdict, expectation, "", 0.5, len(checks), reasons)
    return [*made, done]


def statement_of(*cases: list[Event], **changes: object) -> Statement:
    events = [header(**changes), *(event for one in cases for event in one)]
    return state([*events, runs.footer(events)])


def test_a_row_stands_as_the_gravest_check_about_it() -> None:
    told = statement_of(
        case("a", ("x", PASS, (BINDING, SHOULD))),
        case("b", ("x", FAIL, (BINDING,)), ("y", WARN, (SHOULD, OTHER))),
    )
    assert told.standings == {
        BINDING: Standing.BROKEN,
        SHOULD: Standing.WEAK,
        REMOTE: Standing.UNTESTABLE,
        IDLE: Standing.UNTESTED,
    }
    weak = statement_of(case("a", ("x", FAIL, (SHOULD, IDLE)))).standings
    assert (weak[SHOULD], weak[IDLE]) == (Standing.WEAK, Standing.WEAK)
    kept = statement_of(case("a", ("x", PASS, (BINDING,)))).standings
    assert (kept[BINDING], kept[SHOULD]) == (Standing.KEPT, Standing.UNTESTED)


def test_deviations_are_grouped_by_the_reason_in_the_baseline() -> None:
    told = statement_of(
        case("c[a=1]", ("x", FAIL, (BINDING,)), reasons=("because",)),
        case("c[a=2]", ("x", WARN, (SHOULD,)), reasons=("because", "besides")),
        case("d", ("y", WARN, (SHOULD,))),
    )
    because, unknown, besides = told.deviations
    assert (because.reason, because.verdict) == ("because", FAIL)
    assert because.cases == ("c[a=1]", "c[a=2]")
    assert because.rows == (BINDING, SHOULD)
    assert because.checks == ("x: fail", "x: warn")
    assert (besides.reason, besides.cases) == ("besides", ("c[a=2]",))
    assert (unknown.reason, unknown.cases) == ("", ("d",))
    page = markdown(told)
    assert NOT_LOOKED_INTO in page
    assert page.index("because") < page.index("besides") < page.index(NOT_LOOKED_INTO)
    assert NOT_LOOKED_INTO not in markdown(statement_of(case("a", ("x", PASS, (BINDING,)))))


def test_nothing_is_published_that_nobody_has_looked_into() -> None:
    """A warning too: a run ends with 0 for it, and a baseline may list it all the same."""
    pages = {one.stem: one.read_text(encoding="utf-8") for one in PUBLISHED.glob("*.md")}
    stated = {stem for stem, page in pages.items() if "\n## Deviations\n" in page}
    assert stated >= {"xl2tpd-lns", "xl2tpd-lac", "l2tpns"}
    assert [stem for stem in stated if NOT_LOOKED_INTO in pages[stem]] == []


def test_what_the_device_did_by_chance_is_told_apart() -> None:
    *events, end = case("c", ("x", FAIL, (BINDING,)), ("y", PASS, (SHOULD,)), reasons=("drawn",))
    assert isinstance(end, CaseEnd)
    told = statement_of([*events, replace(end, by_chance=True)])
    assert told.deviations == ()
    (drawn,) = told.by_chance
    assert (drawn.reason, drawn.rows, drawn.cases) == ("drawn", (BINDING,), ("c",))
    assert told.standings[BINDING] is told.standings[SHOULD] is Standing.KEPT
    page = markdown(told)
    assert page.index("## Deviations") < page.index("## By chance") < page.index("drawn")
    assert "By chance" not in markdown(statement_of([*events, end]))


def test_skips_and_variants_by_what_they_are() -> None:
    skipped: list[Event] = [
        runs.start("s"),
        runs.end("s", SKIP, reason="the ICS does not claim ppp"),
    ]
    told = statement_of(
        skipped,
        case("b", ("x", PASS, (BINDING,)), note="it waits"),
        case("a", ("x", PASS, (BINDING,)), note="it waits"),
    )
    assert told.skipped == {"the ICS does not claim ppp": ("s",)}
    of_one, of_other = (
        "alive: StopCCN tid=7 sid=0 Ns=4 Nr=3 result",
        "alive: StopCCN tid=8 sid=1 result",
    )
    alike = statement_of(
        case("a", ("x", PASS, (BINDING,)), note=of_one),
        case("b", ("x", PASS, (BINDING,)), note=of_other),
    )
    assert [one.text for one in alike.variants] == ["alive: StopCCN result"]
    (variant,) = told.variants
    assert (variant.policy, variant.text, variant.cases) == ("P-3", "it waits", ("a", "b"))


def test_the_order_and_the_time_of_cases_make_no_difference() -> None:
    def shifted(events: list[Event]) -> list[Event]:
        return [
            replace(one, at=one.at + 7.0) if isinstance(one, Check | Note | CaseEnd) else one
            for one in events
        ]

    one = case("c[a=1]", ("x", FAIL, (BINDING,)), reasons=("because",), note="n")
    other = case("c[a=2]", ("y", WARN, (SHOULD,)), reasons=("because",), note="n")
    third = case("d", ("y", WARN, (SHOULD,)), reasons=("besides",))
    page = markdown(statement_of(one, other, third))
    assert page == markdown(statement_of(third, shifted(other), one))
    later = "2030-01-01T00:00:00+00:00"
    assert page == markdown(statement_of(one, other, third, started=later, seed=9, command="x"))


def test_what_the_page_says() -> None:
    page = markdown(statement_of(case("c", ("x", FAIL, (BINDING,)), reasons=("because",))))
    assert "# Statement of conformance: xl2tpd 1.3.18 as LNS" in page
    assert "| Version | 1.3.18 |" in page
    assert "| Requirements | 4: 1 broken, 2 not tested, 1 not testable |" in page
    assert (
        "| `R-1` | MUST | broken | An unknown AVP \\| with M = 1 ends the \\*tunnel\\*. |" in page
    )
    assert "| `R-4` | MUST | What nobody sees. | It is inside the device. |" in page
    assert "| `hidden_avps` |" in page
    assert "| `secret` | shared secret of tunnel authentication | set |" in page
    assert page.index("| 4.1 MUST") < page.index("| 4.9 SHOULD") < page.index("| 5.8 MUST")
    assert "A part of the cases" not in page
    assert "A part of the cases" in markdown(statement_of(selection=("--quick",)))


def test_nothing_of_a_device_is_markdown_or_steers_a_terminal() -> None:
    assert text("a|b\n# c <script>`x` \x1b[2J") == ("a\\|b \\# c \\<script\\>\\`x\\` \\\\x1b\\[2J")


@pytest.mark.parametrize("changes", [{"interrupted": True}, {"error": RunError("a.b", "c")}])
def test_a_run_that_broke_off_says_nothing(changes: dict[str, object]) -> None:
    events: list[Event] = [header(), *case("a", ("x", PASS, (BINDING,)))]
    with pytest.raises(HarnessError, match="did not come to its end"):
        state([*events, runs.footer(events, **changes)])
    with pytest.raises(HarnessError, match="did not come to its end"):
        state(events)
