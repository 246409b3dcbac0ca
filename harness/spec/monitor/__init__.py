"""The judge that checks every datagram of a conversation against the tables.

    rules = load_rules(folder, specification)
    monitor = Monitor(rules, secret=b"secret", roles={"127.0.0.2": Role.LNS})
    findings = monitor.datagram(at, source, destination, data, number)
    ...
    findings = monitor.end(at)

One rule is one check: a `Tally` gathers findings by rule, with a count and the first evidence.
"""

from __future__ import annotations

from harness.spec.monitor.judge import CAPTURE, EVERYONE, LIVE, Endpoint, Finding, View
from harness.spec.monitor.monitor import Monitor
from harness.spec.monitor.numbering import Unseen
from harness.spec.monitor.rules import Rule, RuleId, RuleTable, load_rules
from harness.spec.monitor.tally import Entry, Tally, by_row, worse

__all__ = [
    "CAPTURE",
    "EVERYONE",
    "LIVE",
    "Endpoint",
    "Entry",
    "Finding",
    "Monitor",
    "Rule",
    "RuleId",
    "RuleTable",
    "Tally",
    "Unseen",
    "View",
    "by_row",
    "load_rules",
    "worse",
]
