"""A vendor's table laid over RFC 2661: it loads, departs where it says, and errors have places."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.device.description.ics import CAPABILITIES
from harness.errors import DataErrors
from harness.spec import Role, Specification, load_specification
from harness.spec.ids import check_ids
from harness.spec.lint import lint
from harness.spec.overlay import departures, message_departures, row_departure
from harness.spec.overlay_table import FILE, misfits, overlay_folders
from harness.suite.load import load_suites, loads_suite
from tests.spec.conftest import FOLDER
from tests.spec.faults import assert_fault, only_error, replace_once

TABLES = FOLDER.parent
VENDOR = TABLES / "ip-office"
LAC, LNS = frozenset({Role.LAC}), frozenset({Role.LNS})
BOTH = LAC | LNS

Change = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def vendor() -> Specification:
    return load_specification(VENDOR)


@pytest.fixture
def changed(tmp_path: Path) -> Change:
    """A copy of the overlay beside its base, a text of it replaced."""

    def change(old: str, new: str) -> Path:
        folder = tmp_path / "ip-office"
        if not folder.exists():
            shutil.copytree(FOLDER, tmp_path / "rfc2661")
            shutil.copytree(VENDOR, folder)
        replace_once(folder / FILE, old, new)
        return folder

    return change


# What the table says, and what of it differs from the RFC


def test_the_readings_are_those_of_the_manual(vendor: Specification) -> None:
    assert vendor.overlay is not None
    told = {name: reading.sender for name, reading in vendor.overlay.readings.items()}
    assert told == {
        "SCCRQ": "client",
        "SCCRP": "server",
        "SCCCN": "the receiver of SCCRP",
        "OCRQ": "client",
        "OCRP": "server",
        "OCCN": "the receiver of OCRP",
        "HELLO": "either",
        "WEN": "server",
        "SLI": "either",
        "CDN": "either",
        "StopCCN": "either",
    }
    assert vendor.overlay.unlisted == ("ICRQ", "ICRP", "ICCN")
    assert vendor.overlay.sides == {"client": Role.LAC, "server": Role.LNS}


def test_messages_depart_exactly_where_they_should(
    spec: Specification, vendor: Specification
) -> None:
    senders = {
        name: vendor.messages[name].senders
        for name in spec.messages
        if vendor.messages[name].senders != spec.messages[name].senders
    }
    assert senders == {
        "SCCRQ": LAC,
        "SCCRP": LNS,
        "SCCCN": LAC,
        "OCRQ": LAC,
        "OCRP": LNS,
        "WEN": LNS,
        "SLI": BOTH,
    }
    told = [(each.subject, each.aspect) for each in departures(vendor) if each.aspect != "row"]
    assert told == [
        ("SCCRQ", "sender"),
        ("SCCRP", "sender"),
        ("SCCCN", "sender"),
        ("SCCCN", "name"),
        ("OCRQ", "sender"),
        ("OCRQ", "avp"),
        ("OCRP", "sender"),
        ("OCCN", "sender"),
        ("OCCN", "name"),
        ("WEN", "sender"),
        ("SLI", "sender"),
        ("ICRQ", "unlisted"),
        ("ICRP", "unlisted"),
        ("ICCN", "unlisted"),
    ]


def test_the_same_side_may_send_and_yet_answer_another(vendor: Specification) -> None:
    """OCCN is the LAC's in both readings, but here it answers the OCRP instead of following it."""
    sender = message_departures(vendor, "OCCN")[0]
    assert sender.base == "the sender of OCRP (LAC)"
    assert sender.overlay == "the receiver of OCRP (LAC)"


def test_all_but_senders_and_rows_is_the_base(spec: Specification, vendor: Specification) -> None:
    assert dict(vendor.avps) == dict(spec.avps)
    assert vendor.result_codes == spec.result_codes
    assert vendor.states == spec.states
    assert vendor.sections == spec.sections
    for name, message in spec.messages.items():
        own = vendor.messages[name]
        assert (own.type, own.mandatory, own.optional) == (
            message.type,
            message.mandatory,
            message.optional,
        )
        assert vendor.message_types[message.type] is own


# Rows


def test_every_row_of_the_base_is_there_and_says_whose_it_is(
    spec: Specification, vendor: Specification
) -> None:
    own = set(vendor.requirements) - set(spec.requirements)
    assert own == {
        "IPOFFICE-6.1-SCCRQ-sender",
        "IPOFFICE-6.2-SCCRP-sender",
        "IPOFFICE-6.3-SCCCN-sender",
    }
    assert set(spec.requirements) < set(vendor.requirements)
    for name, row in spec.requirements.items():
        assert row.table == "rfc2661"
        if vendor.requirements[name].table == "rfc2661":
            assert vendor.requirements[name] is not row  # loaded twice
            assert vendor.requirements[name] == row
        else:
            assert vendor.requirements[name].table == "ip-office"
            assert row_departure(vendor, name) is not None


def test_rows_depart_only_where_a_message_or_the_list_says_so(
    spec: Specification, vendor: Specification
) -> None:
    assert vendor.overlay is not None
    about = {each.subject for each in departures(vendor) if each.aspect == "sender"}
    carried = {name for name, avp in spec.avps.items() if about & set(avp.messages) and name != "*"}
    listed = _listed(VENDOR)
    for row in vendor.requirements.values():
        if row.table == "ip-office" and row.id not in listed:
            assert row.derived
            assert row.about[0] in about | carried


def _listed(folder: Path) -> set[str]:
    text = (folder / FILE).read_text(encoding="utf-8")
    return {line.strip().partition(":")[0] for line in text.splitlines() if "RFC2661-" in line}


def test_a_row_about_a_sender_says_the_opposite_under_its_old_id(
    spec: Specification, vendor: Specification
) -> None:
    row = vendor.message_row("OCRQ", "sender")
    assert row == spec.message_row("OCRQ", "sender") == "RFC2661-6.9-OCRQ-sender"
    assert spec.requirements[row].text == "OCRQ is sent by the LNS only."
    assert spec.requirements[row].role == LAC
    assert vendor.requirements[row].text == "OCRQ is sent by the LAC only."
    assert vendor.requirements[row].role == LNS
    assert vendor.requirements[row].place.file.endswith(FILE)


def test_a_row_that_only_the_vendor_has_is_found_by_what_it_is_about(
    spec: Specification, vendor: Specification
) -> None:
    assert vendor.message_row("SCCRQ", "sender") == "IPOFFICE-6.1-SCCRQ-sender"
    with pytest.raises(KeyError):
        spec.message_row("SCCRQ", "sender")
    with pytest.raises(KeyError):
        vendor.message_row("HELLO", "sender")


def test_a_row_taken_back_stays_under_its_id_and_turns_nothing_red(
    vendor: Specification,
) -> None:
    for name in ("RFC2661-6.14-SLI-sender", "RFC2661-6.9-01"):
        row = vendor.requirements[name]
        assert row.void
        assert row.excluded
        assert row.severity == "note"


def test_the_linter_is_content(vendor: Specification) -> None:
    assert lint(vendor, VENDOR) == []


def test_a_new_row_of_an_overlay_has_to_be_frozen(changed: Change, vendor: Specification) -> None:
    folder = changed("name: ip-office", "name: ip-office")
    (folder / "ids.txt").unlink()
    assert len(check_ids(vendor, folder)) == 3


def test_state_rows_agree_with_the_senders_of_both(
    spec: Specification, vendor: Specification
) -> None:
    for one in (spec, vendor):
        for state in one.states:
            row = one.requirements[state.id]
            if not row.void:
                assert not list(misfits(state, row.role, one.messages)), state.id


# Suites under both


def test_the_suites_of_the_harness_load_under_both(spec: Specification) -> None:
    suites = TABLES.parent
    ids = [
        [case.id for suite in load_suites(suites, one, CAPABILITIES) for case in suite.cases]
        for one in (spec, load_specification(VENDOR))
    ]
    assert set(ids[0]) - set(ids[1]) == set()


GENERATED = """\
title: Messages of the other side
spec: rfc2661
defaults: {iut: [lac]}
cases:
  sent-by-an-lns:
    purpose: A ${message}, which an LNS may send, does no harm to a LAC.
    covers: RFC2661-7.1-02
    each: {message: {messages: {sender: lns, scope: session}}}
    steps:
      - send: "${message}"
      - alive:
"""


def test_cases_are_generated_by_the_table_in_force(
    spec: Specification, vendor: Specification
) -> None:
    def messages(one: Specification) -> list[str]:
        return [case.axes["message"] for case in loads_suite(GENERATED, one, CAPABILITIES).cases]

    assert messages(spec) == ["ICRP", "OCRQ", "CDN", "SLI"]
    assert messages(vendor) == ["ICRP", "OCRP", "CDN", "WEN", "SLI"]


def test_a_suite_about_the_vendor_is_none_of_the_base(
    spec: Specification, vendor: Specification
) -> None:
    text = GENERATED.replace("spec: rfc2661", "spec: ip-office")
    assert loads_suite(text, vendor, CAPABILITIES).cases
    with pytest.raises(DataErrors):
        loads_suite(text, spec, CAPABILITIES)


# Faults, each at its place: what to replace, by what, the code, and a word of the message.
# The place is where the replacement has its `^`, which is taken out again.
FAULTS = [
    ("base: rfc2661", "base: ^rfc2616", "spec.unknown-base", "'rfc2661'"),
    ("base: rfc2661", "base: ^../rfc2661", "spec.unknown-base", "../rfc2661"),
    ("base: rfc2661", "base: ^ip-office", "spec.overlay-base", "ip-office"),
    ("name: ip-office", "name: ^rfc2661", "spec.overlay-name", "rfc2661"),
    ("name: ip-office", "name: ^IP Office", "spec.overlay-name", "IP Office"),
    ("prefix: IPOFFICE", "prefix: ^RFC2661", "spec.overlay-name", "RFC2661"),
    ("prefix: IPOFFICE\n", "", "data.missing-key", "'prefix'"),
    ("sides: {client: lac", "sides: {client: ^lca", "data.unknown-role", "'lac'"),
    ("{client: lac, server: lns}", "^{client: lac}", "spec.overlay-sides", "one word"),
    ("{client: lac, server: lns}", "^{client: lac, either: lns}", "spec.overlay-sides", "both"),
    ("  SCCRP:\n", "  ^SCRP:\n", "spec.unknown-message", "'SCCRP'"),
    ("sender: client", "sender: ^cleint", "data.unknown-side", "'client'"),
    ("    sender: client", "    ^senders: client", "data.unknown-key", "'sender'"),
    ("{receiver_of: SCCRP}", "{receiver_of: ^SCRP}", "data.unknown-message", "'SCCRP'"),
    ("{receiver_of: OCRP}", "{receiver_of: ICRP}", "spec.overlay-sender", "ICRP"),
    (
        "{assigned_session_id: A",
        "{^assigned_tunnel_id: A",
        "spec.unknown-avp",
        "'assigned_session_id'",
    ),
    ("unlisted: [ICRQ", "unlisted: [^IRCQ", "spec.unknown-message", "'ICRQ'"),
    ("unlisted: [ICRQ", "unlisted: [^CDN, ICRQ", "spec.overlay-listed", "CDN"),
    ("unlisted: [ICRQ, ", "unlisted: [", "spec.overlay-listed", "ICRQ"),
    ("  RFC2661-6.13-01:", "  ^RFC2661-6.13-99:", "spec.unknown-row", "RFC2661-6.13-0"),
    (
        "  RFC2661-6.13-01:",
        "  ^RFC2661-6.13-WEN-sender:",
        "spec.overlay-row",
        "follows from `messages`",
    ),
    ("01: {role: server}", "01: {^level: MUST}", "data.unknown-key", "level"),
    ("01: {role: server}", "01: ^{}", "spec.overlay-row", "`void`"),
    ("01: {role: server}", "01: ^{role: server, void: why}", "spec.overlay-row", "`void`"),
    (
        "  RFC2661-6.13-01: {role: server}",
        "  ^RFC2661-6.13-01: {role: client}",
        "spec.overlay-row",
        "same",
    ),
    (
        "  RFC2661-7.2.1-S01: {role: client}",
        "  ^RFC2661-7.2.1-S01: {role: server}",
        "spec.overlay-state",
        "the LNS send SCCRQ",
    ),
    (
        "  RFC2661-7.2.1-S10: {role: server}\n",
        "",
        "spec.overlay-state",
        "the LAC accept SCCCN",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    FAULTS,
    ids=[f"{fault[2]}-{number}" for number, fault in enumerate(FAULTS)],
)
def test_fault(changed: Change, old: str, new: str, code: str, word: str) -> None:
    assert_fault(changed(old, new), FILE, code, word)


def test_all_faults_come_at_once(changed: Change) -> None:
    changed("sender: client", "sender: cleint")
    changed("  SCCRP:\n", "  SCRP:\n")
    folder = changed("prefix: IPOFFICE", "prefix: no prefix")
    with pytest.raises(DataErrors) as caught:
        load_specification(folder)
    codes = {error.code for error in caught.value.errors}
    assert {"data.unknown-side", "spec.unknown-message", "spec.overlay-name"} <= codes


def test_an_overlay_of_ones_own_finds_the_base_of_the_harness(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(VENDOR, folder)
    assert load_specification(folder).names == ("ip-office", "rfc2661")


def test_a_folder_that_is_none_suggests_its_neighbours(changed: Change) -> None:
    folder = changed("name: ip-office", "name: ip-office")
    error = only_error(folder.parent / "ipoffice")
    assert error.code == "spec.no-folder"
    assert "'ip-office'" in error.hint


def test_overlays_are_found_beside_each_other() -> None:
    assert [folder.name for folder in overlay_folders(TABLES)] == ["ip-office"]
