"""What a rule that is kept says about the rows of the table."""

from __future__ import annotations

import pytest

from harness.spec.monitor import Monitor
from harness.wire import AVP, hide_avp
from tests.monitor.talk import LAC, LNS, SECRET, Talk, rules


def kept(talk: Talk, host: str) -> set[str]:
    """The rows that some rule put to a host, which broke none."""
    monitor = Monitor(rules(), secret=SECRET, secret_shared=True, accounts=(host,))
    for one in talk.frames:
        assert not monitor.datagram(one.at, one.source, one.destination, one.data, one.number)
    monitor.end(talk.at)
    return {row for _, row in monitor.applied[host]}


def hiding(octets: int, *, vectors: int) -> Talk:
    """A call whose ICRQ has a hidden Called Number of so many octets in all."""
    talk = Talk().tunnel()
    random = [AVP(36, bytes([number]) * 16) for number in range(vectors)]
    number = hide_avp(AVP(21, b"5" * (octets - 2)), SECRET, random[-1].value)
    talk.message(talk.lac, "ICRQ", extra=(*random, number))
    return talk


def test_a_rule_speaks_for_the_rows_that_the_table_names() -> None:
    rows = kept(Talk().tunnel().call(), LAC[0])
    assert {"RFC2661-3.1-02", "RFC2661-3.0-01", "RFC2661-4.0-01"} <= rows
    # where the table names none, for the nearest alone
    assert "RFC2661-6.0-01" not in rows


@pytest.mark.parametrize(
    ("octets", "vectors", "expected"),
    [
        (16, 1, set()),
        (12, 1, {"RFC2661-4.3-13"}),
        (32, 1, {"RFC2661-4.3-14"}),
        (16, 2, {"RFC2661-4.3-12"}),
        (33, 2, {"RFC2661-4.3-12", "RFC2661-4.3-13", "RFC2661-4.3-14"}),
    ],
)
def test_a_hidden_value_counts_for_what_it_shows(
    octets: int, vectors: int, expected: set[str]
) -> None:
    rows = kept(hiding(octets, vectors=vectors), LAC[0])
    special = {"RFC2661-4.3-12", "RFC2661-4.3-13", "RFC2661-4.3-14"}
    assert rows & special == expected
    assert {"RFC2661-4.3-05", "RFC2661-4.3-09", "RFC2661-4.3-03"} <= rows


@pytest.mark.parametrize(
    ("window", "row", "other"),
    [
        (None, "RFC2661-4.4.3-23", "RFC2661-A-03"),
        (8, "RFC2661-4.4.3-24", "RFC2661-4.4.3-23"),
    ],
)
def test_the_window_is_that_of_the_peer_or_the_default(
    window: int | None, row: str, other: str
) -> None:
    talk = Talk().tunnel(None if window is None else {"receive_window_size": window})
    for _ in range(2):
        talk.message(talk.lns, "HELLO")
        talk.ack(talk.lac)
    rows = kept(talk, LNS[0])
    assert row in rows
    assert other not in rows
