"""The rules of a relay: what they mean, and what is wrong with those that mean nothing."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.run.relay.rules import Rule, read_rule

MESSAGES = ("SCCRQ", "SCCRP", "ICRQ", "7")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("drop lac->lns", Rule("", "drop", "sent")),
        ("drop lac->lns SCCRQ first 3", Rule("", "drop", "sent", 3, "SCCRQ")),
        ("duplicate lns->lac ZLB", Rule("", "duplicate", "received", 1, "ZLB")),
        ("reorder lns->lac data first 2", Rule("", "reorder", "received", 2, "data")),
        ("delay lac->lns by 300ms first 5", Rule("", "delay", "sent", 5, None, 0.3)),
        ("delay lac->lns ICRQ by 1.5s", Rule("", "delay", "sent", 1, "ICRQ", 1.5)),
        ("drop lac->lns 99", Rule("", "drop", "sent", 1, "99")),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    read = read_rule(text, MESSAGES)
    assert read.text == text
    assert read.impairment(2.0) == rule.impairment(2.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a kind and a direction"),
        ("drop", "a kind and a direction"),
        ("drp lac->lns", "did you mean 'drop'"),
        ("drop lac-lns", "did you mean 'lac->lns'"),
        ("drop lac->lns SCRRQ", "did you mean 'SCCRQ'"),
        ("drop lac->lns first", "a number from 1"),
        ("drop lac->lns first 0", "a number from 1"),
        ("drop lac->lns first -1", "a number from 1"),
        ("drop lac->lns SCCRQ twice", "'twice' means nothing"),
        ("delay lac->lns", "says by how much"),
        ("delay lac->lns by 5", "'5' is no time"),
        ("drop lac->lns by 1s", "a delay, and nothing else"),
    ],
)
def test_a_wrong_rule_is_an_error_of_usage(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_rule(text, MESSAGES)
    assert caught.value.code == "relay.rule"
    assert told in f"{caught.value}"
