"""The shipped tables are clean, and each flaw that the linter knows is found when it is there."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType

import pytest
from click.testing import CliRunner

from harness.errors import DataError
from harness.spec import Specification, load_specification
from harness.spec.__main__ import main
from harness.spec.ids import check_ids, read_ids, write_ids
from harness.spec.lint import LONGEST_TEXT, lint
from tests.spec.conftest import FOLDER, Break


def codes(folder: Path) -> set[str]:
    return {problem.code for problem in lint(load_specification(folder), folder)}


def test_the_shipped_tables_are_clean(spec: Specification) -> None:
    assert [str(problem) for problem in lint(spec, FOLDER)] == []


def test_every_id_is_frozen_with_its_section(spec: Specification) -> None:
    frozen = {row: section for row, (section, _) in read_ids(FOLDER).items()}
    assert frozen == {row.id: row.section for row in spec.requirements.values()}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("id: RFC2661-3.2-01", "id: RFC2661-3.2-02", "spec.numbering"),
        ("text: A ZLB consists", f"text: {'very ' * 50}A ZLB consists", "spec.text"),
        ("no call\n    has two.", "no call\n    has two", "spec.text"),
        ("text: A session carries one PPP stream.", 'text: ""', "spec.text"),
        ("text: A session carries", "text: A session MUST carry", "spec.text"),
        (
            "text: A session carries one PPP stream.",
            "text: The S bit of a control message is 1.",
            "spec.text",
        ),
        (
            "text: A session carries one PPP stream.",
            "text: A session carries one PPP stream.\n  excluded: we cannot",
            "spec.reason",
        ),
        ("text: A session carries", "text: ICCN makes that a session carries", "spec.about"),
        ("text: A session carries", "text: After an Rx Connect Speed it carries", "spec.about"),
    ],
)
def test_flaw_in_a_row(broken: Break, old: str, new: str, code: str) -> None:
    assert LONGEST_TEXT < 250
    folder = broken("requirements.yaml", old, new)
    assert code in codes(folder)


def test_sections_out_of_order(broken: Break) -> None:
    row = '- {id: RFC2661-2.0-01, section: "2.0", level: implied, role: lac, text: It is late.}\n'
    folder = broken("requirements.yaml", "# --- A\n", row)
    assert codes(folder) == {"spec.order", "spec.id-not-frozen"}


def test_state_that_no_row_leaves_or_enters(broken: Break) -> None:
    folder = broken(
        "states.yaml", "[idle, wait-connect, established]", "[idle, wait-connect, established, x]"
    )
    problems = lint(load_specification(folder), folder)
    assert [problem.cause for problem in problems] == [
        "lns-incoming-call: x has no row",
        "lns-incoming-call: x is never entered",
    ]


def test_state_rows_out_of_order(broken: Break) -> None:
    broken("states.yaml", "id: RFC2661-7.4.1-S01", "id: RFC2661-7.4.1-S00")
    assert {"spec.numbering", "spec.id-vanished", "spec.id-not-frozen"} <= codes(
        broken("states.yaml", "id: RFC2661-7.4.1-S02", "id: RFC2661-7.4.1-S2")
    )


def test_message_with_a_result_but_no_codes(spec: Specification) -> None:
    without = MappingProxyType({"CDN": spec.result_codes["CDN"]})
    problems = lint(dataclasses.replace(spec, result_codes=without), FOLDER)
    assert [problem.code for problem in problems] == ["spec.results"]


def test_an_id_may_not_vanish(broken: Break) -> None:
    folder = broken("messages.yaml", "    - vendor_name\n", "")
    broken(
        "avps.yaml",
        "messages: [SCCRQ, SCCRP]\n  example: Example",
        "messages: [SCCRP]\n  example: Example",
    )
    spec = load_specification(folder)
    (problem,) = check_ids(spec, folder)
    assert problem.code == "spec.id-vanished"
    assert "RFC2661-6.1-SCCRQ-vendor_name" in problem.cause
    assert problem.place is not None
    assert problem.place.line > 1
    with pytest.raises(DataError, match="SCCRQ-vendor_name"):
        write_ids(spec, folder)


def test_an_id_may_not_move_to_another_section(spec: Specification, broken: Break) -> None:
    folder = broken("ids.txt", "RFC2661-3.1-01 3.1", "RFC2661-3.1-01 3.0")
    (problem,) = check_ids(spec, folder)
    assert problem.code == "spec.id-moved"


def test_new_ids_are_frozen_once_asked_for(spec: Specification, broken: Break) -> None:
    folder = broken("ids.txt", "RFC2661-3.1-01 3.1\n", "")
    assert [problem.code for problem in check_ids(spec, folder)] == ["spec.id-not-frozen"]
    assert write_ids(spec, folder) == 1
    assert check_ids(spec, folder) == []
    assert (folder / "ids.txt").read_bytes() == (FOLDER / "ids.txt").read_bytes()


@pytest.mark.parametrize("line", ["RFC2661-3.1-01", "RFC2661-3.1-01 3.1\nRFC2661-3.1-01 3.1"])
def test_a_spoilt_list_of_ids_is_located(spec: Specification, broken: Break, line: str) -> None:
    folder = broken("ids.txt", "RFC2661-3.1-01 3.1", line)
    with pytest.raises(DataError) as caught:
        check_ids(spec, folder)
    assert caught.value.code == "spec.ids"
    assert caught.value.place is not None
    assert caught.value.place.line > 1


def test_the_command_lints_and_freezes(broken: Break) -> None:
    folder = broken("ids.txt", "RFC2661-3.1-01 3.1\n", "")
    run = CliRunner().invoke
    dirty = run(main, ["lint", str(folder)])
    assert dirty.exit_code == 1
    assert "RFC2661-3.1-01 is not in ids.txt" in dirty.output
    assert run(main, ["freeze", str(folder)]).output.endswith("1 new\n")
    clean = run(main, ["lint", str(folder)])
    assert (clean.exit_code, clean.output.endswith("0 problems\n")) == (0, True)


def test_the_command_shows_errors_and_no_traceback(broken: Break) -> None:
    folder = broken("messages.yaml", "type: 1\n", "type: one\n")
    result = CliRunner().invoke(main, ["lint", str(folder)])
    assert result.exit_code == 2
    assert "messages.yaml:" in result.output
    assert "Traceback" not in result.output
