"""Faults in the tables are found, with file, line and column, and a hint where one helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataErrors
from harness.spec import load_specification
from tests.spec.conftest import Break
from tests.spec.faults import assert_fault, only_error

# file, text to replace, replacement, code, a word of the cause or hint.
# The place is where the replacement has its `^`, which is taken out again.
CASES = [
    ("messages.yaml", "  scope: tunnel", "  ^scpoe: tunnel", "data.unknown-key", "'scope'"),
    ("messages.yaml", "type: 1\n", "type: ^one\n", "data.integer", "'one'"),
    ("messages.yaml", "type: 2\n", "type: 1\n", "spec.duplicate-type", "SCCRQ"),
    ("messages.yaml", "[lac, lns]", "[lac, ^lsn]", "data.unknown-role", "'lns'"),
    ("messages.yaml", "scope: tunnel", "scope: ^tunel", "data.unknown-word", "'tunnel'"),
    ("messages.yaml", "    - challenge\n", "    - ^chalenge\n", "spec.unknown-avp", "'challenge'"),
    (
        "messages.yaml",
        "    host_name: tester",
        "    ^hostname: tester",
        "spec.example",
        "'host_name'",
    ),
    ("messages.yaml", "framing_capabilities: 3", "framing_capabilities: ^4", "spec.example", "0x4"),
    ("messages.yaml", "[message_type, accm]", "^[accm]", "spec.message-type-first", "first"),
    ("messages.yaml", "[message_type, accm]", "[message_type, accm, ^accm]", "data.duplicate", ""),
    (
        "avps.yaml",
        "kind: text}]\n  length",
        "kind: ^txt}]\n  length",
        "data.unknown-kind",
        "'text'",
    ),
    ("avps.yaml", "type: 39", "type: ^99999", "data.range", "65535"),
    ("avps.yaml", "mandatory: true", "mandatory: ^1", "data.boolean", "1"),
    ("avps.yaml", "messages: [SCCRQ]", "messages: [^SCRQ]", "spec.unknown-message", "'SCCRQ'"),
    ("avps.yaml", "messages: [SLI]", "messages: ^[SLI, WEN]", "spec.disagree", "WEN"),
    ("avps.yaml", "example: 0x0690", "example: ^0x10000", "spec.example", "65535"),
    ("avps.yaml", "level: MUST}", "level: ^MUTS}", "data.unknown-level", "'MUST'"),
    ("avps.yaml", "field: version,", "field: ^verison,", "spec.unknown-field", "'version'"),
    (
        "avps.yaml",
        "{field: result, forbidden: [0]}",
        "^{field: result, forbidden: [0], minimum: 1}",
        "spec.rule",
        "exactly one",
    ),
    ("results.yaml", "    7: {text: a", "    ^7x: {text: a", "data.range", "7x"),
    ("results.yaml", "  CDN:", "  ^CDM:", "spec.unknown-message", "'CDN'"),
    (
        "states.yaml",
        "states: [established]",
        "states: [^estab]",
        "data.unknown-state",
        "'established'",
    ),
    ("states.yaml", "machine: lac-in", "machine: ^lac-im", "data.unknown-machine", "'lac-in"),
    ("states.yaml", "send SCCRP]", "^send SCRP]", "spec.unknown-message", "'SCCRP'"),
    (
        "states.yaml",
        "condition: loses-tie",
        "condition: ^lost",
        "data.unknown-condition",
        "loses-tie",
    ),
    ("requirements.yaml", "  role: lac\n", "  role: ^lca\n", "data.unknown-role", "'lac'"),
    ("requirements.yaml", "level: MAY\n", "level: ^MIGHT\n", "data.unknown-level", ""),
    (
        "requirements.yaml",
        "[StopCCN, result",
        "[^StopCNN, result",
        "spec.unknown-name",
        "'StopCCN'",
    ),
    ("requirements.yaml", "- id: RFC2661-3.0-02", "- ^id: RFC2661-3.0-01", "spec.duplicate-id", ""),
    ("requirements.yaml", "- id: RFC2661-3.0-02", "- ^id: RFC2661-3.1-98", "spec.section", "3.0"),
    ("specification.yaml", "prefix: RFC2661\n", "", "data.missing-key", "'prefix'"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "word"),
    CASES,
    ids=[f"{case[0]}-{case[3]}-{number}" for number, case in enumerate(CASES)],
)
def test_fault(broken: Break, file: str, old: str, new: str, code: str, word: str) -> None:
    assert_fault(broken(file, old, new), file, code, word)


def test_all_faults_come_at_once(broken: Break) -> None:
    broken("messages.yaml", "type: 1\n", "type: one\n")
    broken("messages.yaml", "scope: session", "scope: call")
    folder = broken("avps.yaml", "type: 39", "type: x")
    with pytest.raises(DataErrors) as caught:
        load_specification(folder)
    files = [error.place.file for error in caught.value.errors if error.place]
    assert [Path(file).name for file in files] == ["avps.yaml", "messages.yaml", "messages.yaml"]


def test_a_missing_file_is_named(broken: Break) -> None:
    folder = broken("avps.yaml", "type: 39", "type: 39")
    (folder / "states.yaml").unlink()
    error = only_error(folder)
    assert error.code == "data.unreadable"
    assert "states.yaml" in error.cause


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    error = only_error(tmp_path / "rfc9999")
    assert error.code == "spec.no-folder"
    assert "rfc9999" in error.cause


def test_an_implied_rule_has_no_key_word(broken: Break) -> None:
    folder = broken(
        "requirements.yaml", "  level: implied\n", "  level: implied\n  keyword: lower\n"
    )
    assert only_error(folder).code == "spec.keyword"
