"""The rows: what is typed, what is derived, how strongly each binds and whom."""

from __future__ import annotations

import pytest

from harness.spec import Level, Role, Specification

# Rows typed a second time from the RFC: id, level, key word, roles, severity.
ROWS = [
    ("RFC2661-3.1-04", "MUST", "upper", "lac lns", "fail"),  # L = 1
    ("RFC2661-3.1-02", "MUST", "lower", "lac lns", "warn"),  # "required to be present"
    ("RFC2661-4.1-03", "MUST", "upper", "lac lns", "fail"),  # reserved AVP bit
    ("RFC2661-4.1-07", "MUST", "lower", "lac lns", "warn"),  # go on processing
    ("RFC2661-4.3-03", "MUST", "lower", "lac lns", "warn"),  # RV present
    ("RFC2661-4.3-04", "MUST", "upper", "lac lns", "fail"),  # RV first
    ("RFC2661-4.4.3-01", "MUST NOT", "upper", "lac lns", "fail"),  # framing not announced
    ("RFC2661-4.4.3-03", "SHOULD NOT", "lower", "lns", "warn"),  # bearer not announced
    ("RFC2661-4.4.3-11", "MUST", "upper", "lac lns", "fail"),  # loser of the tie
    ("RFC2661-5.1.1-03", "MUST", "upper", "lac lns", "fail"),  # wrong response
    ("RFC2661-5.4-07", "MUST", "upper", "lac", "fail"),  # follow the LNS
    ("RFC2661-5.7-04", "MUST", "upper", "lac lns", "fail"),  # linger
    ("RFC2661-5.8-06", "MUST", "upper", "lac lns", "fail"),  # duplicates acknowledged
    ("RFC2661-5.8-22", "MAY", "upper", "lac lns", "note"),  # cap
    ("RFC2661-5.8-35", "MUST NOT", "upper", "lac lns", "fail"),  # withholding
    ("RFC2661-6.5-02", "MUST NOT", "upper", "lac lns", "fail"),  # expecting HELLO
    ("RFC2661-6.13-03", "SHOULD NOT", "lower", "lac", "warn"),  # 60 s
    ("RFC2661-7.1-02", "SHOULD", "lower", "lac lns", "warn"),  # clear
    ("RFC2661-7.1-09", "SHOULD", "lower", "lac lns", "warn"),  # M = 1
    ("RFC2661-7.1-13", "MUST NOT", "upper", "lac lns", "fail"),  # no license
    ("RFC2661-8.1-13", "MUST", "upper", "lac lns", "fail"),  # L2F
    ("RFC2661-9.1-05", "SHOULD", "upper", "lac lns", "warn"),  # unpredictable
    ("RFC2661-A-02", "implied", "lower", "lac lns", "warn"),  # window
    ("RFC2661-7.2.1-S03", "implied", "lower", "lac lns", "warn"),
    ("RFC2661-7.5.2-S01", "implied", "lower", "lns", "warn"),
    ("RFC2661-6.1-SCCRQ-host_name", "MUST", "upper", "lac lns", "fail"),
    ("RFC2661-6.1-SCCRQ-vendor_name", "MAY", "upper", "lac lns", "note"),
    ("RFC2661-6.6-ICRQ-call_serial_number", "MUST", "upper", "lac", "fail"),
    ("RFC2661-6.6-ICRQ-sender", "implied", "lower", "lns", "warn"),
    ("RFC2661-4.4.3-host_name-M", "MUST", "upper", "lac lns", "fail"),
    ("RFC2661-4.4.3-host_name-H", "MUST NOT", "upper", "lac lns", "fail"),
    ("RFC2661-4.4.3-host_name-length", "MUST", "upper", "lac lns", "fail"),
    ("RFC2661-4.4.3-vendor_name-H", "MAY", "lower", "lac lns", "note"),
    ("RFC2661-4.4.3-tie_breaker-length", "implied", "lower", "lac lns", "warn"),
    ("RFC2661-4.4.3-receive_window_size-value", "implied", "lower", "lac lns", "warn"),
    ("RFC2661-4.4.4-rx_connect_speed-M", "MUST", "upper", "lac", "fail"),
    ("RFC2661-4.4.6-accm-value", "MUST", "upper", "lns", "fail"),
    ("RFC2661-4.4.2-CDN-8", "implied", "lower", "lac", "warn"),
]


@pytest.mark.parametrize(("row", "level", "keyword", "roles", "severity"), ROWS)
def test_row(
    spec: Specification, row: str, level: str, keyword: str, roles: str, severity: str
) -> None:
    found = spec.requirements[row]
    assert found.level.value == level
    assert found.keyword == keyword
    assert {role.value for role in found.role} == set(roles.split())
    assert found.severity == severity


def test_severity_never_fails_what_the_rfc_writes_small(spec: Specification) -> None:
    for row in spec.requirements.values():
        if row.severity == "fail":
            assert row.keyword == "upper"
            assert row.level in (Level.MUST, Level.MUST_NOT)
        if row.level is Level.MAY:
            assert row.severity == "note"


def test_section_7_1_on_malformed_messages_is_never_a_must(spec: Specification) -> None:
    receiving = [f"RFC2661-7.1-{number:02}" for number in range(1, 13)]
    assert {spec.requirements[row].severity for row in receiving} <= {"warn", "note"}


def test_every_row_that_the_tables_can_give_is_derived(spec: Specification) -> None:
    expected = set()
    for message in spec.messages.values():
        start = f"RFC2661-{message.section}-{message.name}"
        expected |= {f"{start}-{name}" for name in (*message.mandatory, *message.optional)}
        expected |= {f"{start}-sender"} if len(message.senders) == 1 else set()
    for avp in spec.avps.values():
        start = f"RFC2661-{avp.section}-{avp.name}"
        expected |= {f"{start}-{aspect}" for aspect in ("M", "H", "length")}
        expected |= {f"{start}-messages"} if avp.messages != ("*",) else set()
        expected |= {f"{start}-value"} if avp.judges_values else set()
    expected |= {f"RFC2661-4.4.2-StopCCN-{number}" for number in range(1, 8)}
    expected |= {f"RFC2661-4.4.2-CDN-{number}" for number in range(1, 12)}
    expected |= {f"RFC2661-4.4.2-error-{number}" for number in range(9)}
    expected |= {row.id for row in spec.states}
    assert {row.id for row in spec.requirements.values() if row.derived} == expected


def test_there_are_several_hundred_rows_in_the_order_of_the_rfc(spec: Specification) -> None:
    assert len(spec.requirements) > 700
    order = list(spec.sections)
    places = [order.index(row.section) for row in spec.requirements.values()]
    assert places == sorted(places)
    assert set(spec.requirements) == {row.id for row in spec.requirements.values()}


def test_most_rows_can_be_observed_and_the_others_say_why_not(spec: Specification) -> None:
    excluded = [row for row in spec.requirements.values() if row.excluded is not None]
    assert 0 < len(excluded) < len(spec.requirements) / 10
    assert all(row.excluded and row.excluded[0].islower() for row in excluded)
    # a MUST is left out only where no wire could ever show it
    assert [row.id for row in excluded if row.severity == "fail"] == [
        "RFC2661-4.2-03",
        "RFC2661-7.5.1-02",
    ]


def test_rows_of_a_role(spec: Specification) -> None:
    lac = {row.id for row in spec.rows_of(Role.LAC)}
    lns = {row.id for row in spec.rows_of(Role.LNS)}
    assert lac | lns == set(spec.requirements)
    assert "RFC2661-6.6-ICRQ-assigned_session_id" in lac - lns
    assert "RFC2661-6.9-01" in lns - lac
    assert {row for row in lac if "-7.4.2-S" in row} == set()


def test_rows_know_where_they_come_from(spec: Specification) -> None:
    typed = spec.requirements["RFC2661-5.8-06"].place
    assert typed.file.endswith("requirements.yaml")
    assert typed.line > 1
    derived = spec.requirements["RFC2661-4.4.3-host_name-M"].place
    assert derived.file.endswith("avps.yaml")
    assert spec.requirements["RFC2661-7.2.1-S01"].place.file.endswith("states.yaml")


def test_rows_about_a_message_can_be_found(spec: Specification) -> None:
    about = {row.id for row in spec.requirements.values() if "HELLO" in row.about}
    assert {"RFC2661-5.5-01", "RFC2661-6.5-08", "RFC2661-6.5-HELLO-message_type"} <= about
    names = {*spec.messages, *spec.avps}
    assert all(set(row.about) <= names for row in spec.requirements.values())


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("RFC2661-4.4.3-host_name-M", "The M bit of the Host Name AVP is 1."),
        ("RFC2661-6.6-ICRQ-sender", "ICRQ is sent by the LAC only."),
        (
            "RFC2661-4.4.4-sequencing_required-length",
            "The value of the Sequencing Required AVP has no octets: its Length, not hidden, is 6.",
        ),
        (
            "RFC2661-4.4.4-assigned_session_id-value",
            "In the Assigned Session ID AVP, assigned_session_id is not 0 "
            "in ICRQ, ICRP, OCRQ or OCRP.",
        ),
        (
            "RFC2661-7.4.2-S06",
            "In wait-connect, ICCN received (not acceptable): send CDN, then clean up, next idle.",
        ),
    ],
)
def test_derived_text(spec: Specification, row: str, text: str) -> None:
    assert spec.requirements[row].text == text
