"""The rules of the monitors: `monitors.yaml` beside the tables of a specification.

The table says what a rule is called, which requirement rows it stands for and how severe it is;
`RuleId` is all that the code knows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, get_args

from harness.errors import DataError, Place
from harness.located import Node, load, suggest
from harness.spec.faults import Faults
from harness.spec.model import Requirement, Severity, Specification
from harness.spec.monitor.message import Plans, plans_of

FILE: Final = "monitors.yaml"

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""From the worst: fail, warn, note."""

_KEYS = ("title", "rows", "kept", "severity", "policy", "because")
_CASES = "of"


class RuleId(StrEnum):
    """Every rule that the judge applies, in the order of the table."""

    UDP_CHECKSUM = "udp-checksum"
    HEADER_TRUNCATED = "header-truncated"
    HEADER_VERSION = "header-version"
    HEADER_LENGTH_BIT = "header-length-bit"
    HEADER_SEQUENCE_BIT = "header-sequence-bit"
    HEADER_OFFSET_BIT = "header-offset-bit"
    HEADER_PRIORITY_BIT = "header-priority-bit"
    HEADER_RESERVED_BITS = "header-reserved-bits"
    HEADER_LENGTH = "header-length"

    AVP_STRUCTURE = "avp-structure"
    AVP_RESERVED_BITS = "avp-reserved-bits"
    AVP_MANDATORY_BIT = "avp-mandatory-bit"
    AVP_HIDDEN_BIT = "avp-hidden-bit"
    AVP_VALUE_LENGTH = "avp-value-length"
    AVP_VALUE = "avp-value"
    AVP_MISSING = "avp-missing"
    AVP_FOREIGN = "avp-foreign"
    AVP_DUPLICATE = "avp-duplicate"
    AVP_UNASSIGNED = "avp-unassigned"
    VENDOR_AVP_MANDATORY = "vendor-avp-mandatory"
    MESSAGE_TYPE_FIRST = "message-type-first"
    MESSAGE_TYPE_RESERVED = "message-type-reserved"
    MESSAGE_TYPE_KNOWN = "message-type-known"
    HIDDEN_WITHOUT_VECTOR = "hidden-without-vector"
    HIDDEN_WITHOUT_SECRET = "hidden-without-secret"  # noqa: S105 -- the name of a rule
    HIDDEN_VALUE = "hidden-value"
    RANDOM_VECTOR_LENGTH = "random-vector-length"

    TEXT_UTF8 = "text-utf8"
    TEXT_NUL = "text-nul"
    TEXT_ASCII = "text-ascii"
    RESULT_CODE_KNOWN = "result-code-known"
    RESULT_CODE_ROLE = "result-code-role"
    ERROR_CODE_PRESENT = "error-code-present"
    ERROR_MESSAGE_PRESENT = "error-message-present"
    Q931_CAUSE = "q931-cause"
    PROXY_AUTHENTICATION = "proxy-authentication"
    PROXY_LCP = "proxy-lcp"
    PASSWORD_HIDDEN = "password-hidden"  # noqa: S105 -- the name of a rule

    ADDRESS_STATIC = "address-static"
    ADDRESS_REPLY = "address-reply"
    TUNNEL_ID = "tunnel-id"
    TUNNEL_ID_BEFORE = "tunnel-id-before"
    SESSION_ID = "session-id"
    SESSION_ID_BEFORE = "session-id-before"
    SESSION_ID_GLOBAL = "session-id-global"
    ZLB_SESSION_ID = "zlb-session-id"
    TUNNEL_ID_UNIQUE = "tunnel-id-unique"
    SESSION_ID_UNIQUE = "session-id-unique"
    IDS_UNPREDICTABLE = "ids-unpredictable"
    STOPCCN_TUNNEL_ID = "stopccn-tunnel-id"
    CDN_SESSION_ID = "cdn-session-id"
    SECOND_TUNNEL = "second-tunnel"

    NS_FIRST = "ns-first"
    NS_SEQUENCE = "ns-sequence"
    RETRANSMISSION_IDENTICAL = "retransmission-identical"
    RETRANSMISSION_NR = "retransmission-nr"
    RETRANSMISSION_EARLY = "retransmission-early"
    RETRANSMISSION_BACKOFF = "retransmission-backoff"
    RETRANSMISSION_CAP = "retransmission-cap"
    RETRANSMISSION_COUNT = "retransmission-count"
    ZLB_FORM = "zlb-form"
    ZLB_NS = "zlb-ns"
    ZLB_UNANSWERED = "zlb-unanswered"
    NR_BEYOND = "nr-beyond"
    NR_BACK = "nr-back"
    NR_OF_REPLY = "nr-of-reply"
    WINDOW = "window"
    WINDOW_DEFAULT = "window-default"

    SET_UP_ORDER = "set-up-order"
    CHALLENGE_ANSWERED = "challenge-answered"
    CHALLENGE_RESPONSE = "challenge-response"
    CHALLENGE_UNASKED = "challenge-unasked"
    CHALLENGE_FRESH = "challenge-fresh"
    AFTER_STOPCCN = "after-stopccn"
    AFTER_PEER_STOPCCN = "after-peer-stopccn"
    CALL_BEFORE_TUNNEL = "call-before-tunnel"

    SENDER_ROLE = "sender-role"
    CALL_ORDER = "call-order"
    AFTER_CDN = "after-cdn"
    AFTER_PEER_CDN = "after-peer-cdn"
    FRAMING_ANNOUNCED = "framing-announced"
    BEARER_ANNOUNCED = "bearer-announced"
    BEARER_NEEDED = "bearer-needed"
    SERIAL_NUMBER = "serial-number"
    WEN_RATE = "wen-rate"
    WEN_COUNTERS = "wen-counters"
    WEN_REASON = "wen-reason"

    DATA_OFFSET = "data-offset"
    DATA_BEFORE_SESSION = "data-before-session"
    DATA_AFTER_CLOSE = "data-after-close"
    DATA_SEQUENCING_REQUIRED = "data-sequencing-required"
    DATA_SEQUENCING_FOLLOWED = "data-sequencing-followed"
    DATA_NS = "data-ns"
    DATA_FRAMING = "data-framing"
    DATA_ECHO_PRIORITY = "data-echo-priority"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the table.

    `rows`: the requirement rows it stands for, the nearest first; where a finding concerns one of
    them, all that it may concern. `kept`: those that are seen to be kept where the rule is.
    `cases`: the rows by the cases that the judge tells apart.
    `severity`: None where the rows of the finding decide.
    """

    id: RuleId
    title: str
    rows: tuple[str, ...]
    kept: tuple[str, ...]
    cases: Mapping[str, str]
    severity: Severity | None
    policy: str | None
    because: str
    place: Place


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules, and the specification whose rows they name. `plans`: of its AVPs."""

    specification: Specification
    rules: Mapping[RuleId, Rule]
    plans: Plans

    def severity(self, rule: RuleId, rows: Iterable[str]) -> Severity:
        """What a finding of this rule about these rows comes to."""
        given = self.rules[rule].severity
        return given or strictest(self.specification, rows)

    def level(self, rows: Iterable[str]) -> str:
        """The key word of the strictest row, `MUST (lower case)` where the RFC has it so."""
        requirement = _strictest_row(self.specification, rows)
        return "" if requirement is None else requirement.level_name

    def rules_of(self, row: str) -> tuple[RuleId, ...]:
        """The rules that watch over a requirement row."""
        return tuple(rule.id for rule in self.rules.values() if row in rule.rows)


def strictest(specification: Specification, rows: Iterable[str]) -> Severity:
    """The worst severity among rows; `note` when there is none."""
    requirement = _strictest_row(specification, rows)
    return requirement.severity if requirement else "note"


def _strictest_row(specification: Specification, rows: Iterable[str]) -> Requirement | None:
    known = specification.requirements
    found = [known[row] for row in rows if row in known]
    return min(found, key=lambda row: SEVERITIES.index(row.severity), default=None)


def load_rules(folder: Path, specification: Specification) -> RuleTable:
    """Read `monitors.yaml` in the folder of a specification.

    Raises `DataError`, or `DataErrors` with every fault: a rule that the judge does not know or
    that is missing, a row that does not exist or that is excluded, a severity without a reason.
    """
    root = load(folder / FILE)
    faults = Faults()
    rules: dict[RuleId, Rule] = {}
    known = [rule.value for rule in RuleId]
    for name, node in root.mapping().items():
        with faults.caught():
            if name not in known:
                raise DataError(
                    "monitor.unknown-rule",
                    f"the judge has no rule {name!r}",
                    hint=suggest(name, known),
                    place=root.key_places[name],
                )
            rules[RuleId(name)] = _read_rule(RuleId(name), node, specification, faults)
    faults.errors.extend(
        root.fail("monitor.missing-rule", f"the table lacks the rule {rule.value!r}")
        for rule in RuleId
        if rule.value not in root.content
    )
    faults.raise_any()
    return RuleTable(specification, MappingProxyType(rules), plans_of(specification))


def _read_rule(rule: RuleId, node: Node, specification: Specification, faults: Faults) -> Rule:
    entry = node.mapping(_KEYS, required=("title", "rows"))
    title = entry["title"].text()
    if not title or title.endswith("."):
        raise entry["title"].fail("monitor.title", "a title is a sentence without its full stop")
    severity: Severity | None = None
    if "severity" in entry:
        severity = _severity(entry["severity"])
        if "policy" not in entry and "because" not in entry:
            raise node.fail("monitor.severity", f"{rule}: say in `policy` or `because` why")
    cases: dict[str, str] = {}
    named: list[Node] = []
    if not entry["rows"].is_mapping:
        named = entry["rows"].sequence()
        rows = tuple(item.text() for item in named)
    elif _CASES in entry["rows"].content:
        (given,) = entry["rows"].mapping((_CASES,)).values()
        named = list(given.mapping().values())
        cases = {case: item.text() for case, item in given.mapping().items()}
        rows = tuple(dict.fromkeys(cases.values()))
    else:
        rows = _derived(entry["rows"], specification)
    for item in named:
        with faults.caught():
            _check_row(item, specification)
    if not rows:
        raise entry["rows"].fail("monitor.rows", f"{rule} stands for no row")
    kept = _read_kept(entry["kept"], rows) if "kept" in entry else rows[:1]
    return Rule(
        id=rule,
        title=title,
        rows=rows,
        kept=kept,
        cases=MappingProxyType(cases),
        severity=severity,
        policy=entry["policy"].text() if "policy" in entry else None,
        because=entry["because"].text() if "because" in entry else "",
        place=node.place,
    )


def _read_kept(node: Node, rows: tuple[str, ...]) -> tuple[str, ...]:
    for item in node.sequence():
        if item.text() not in rows:
            raise item.fail("monitor.kept", f"{item.text()} is none of the rule's rows")
    return tuple(item.text() for item in node.sequence())


def _severity(node: Node) -> Severity:
    word = node.choice(SEVERITIES, "severity")
    return next(severity for severity in SEVERITIES if severity == word)


def _check_row(node: Node, specification: Specification) -> None:
    row = specification.requirements.get(node.text())
    if row is None:
        raise node.fail(
            "monitor.unknown-row",
            f"there is no requirement row {node.text()!r}",
            hint=suggest(node.text(), specification.requirements),
        )
    if row.excluded is not None and not row.void:
        raise node.fail("monitor.excluded-row", f"{row.id} is excluded: {row.excluded}")


def _avp_rows(aspect: str) -> Callable[[Specification], Iterable[str]]:
    def rows(spec: Specification) -> Iterable[str]:
        for avp in spec.avps.values():
            row = f"{spec.prefix}-{avp.section}-{avp.name}-{aspect}"
            # the H row of an AVP that may be hidden gives leave, and nothing can break it
            if row in spec.requirements and not (aspect == "H" and avp.hideable):
                yield row

    return rows


def _message_rows(part: str) -> Callable[[Specification], Iterable[str]]:
    def rows(spec: Specification) -> Iterable[str]:
        for message in spec.messages.values():
            if part == "sender":
                names: tuple[str, ...] = ("sender",)
            else:
                names = message.mandatory + (message.optional if part == "any" else ())
            for name in names:
                # a message that both sides send has no row about its sender
                with suppress(KeyError):
                    yield spec.message_row(message.name, name)

    return rows


def _code_rows(spec: Specification) -> Iterable[str]:
    for codes in (*spec.result_codes.values(), spec.error_codes):
        for code in codes.values():
            if not code.reserved and len(code.role) == 1 and code.excluded is None:
                yield spec.result_row(code.message or "error", code.number)


_FAMILIES: Final[Mapping[str, Mapping[str, Callable[[Specification], Iterable[str]]]]] = {
    "avp": {aspect: _avp_rows(aspect) for aspect in ("M", "H", "length", "value", "messages")},
    "message": {part: _message_rows(part) for part in ("mandatory", "any", "sender")},
    "result": {"codes": _code_rows},
}


def _derived(node: Node, specification: Specification) -> tuple[str, ...]:
    entry = node.mapping(_FAMILIES, what="family")
    if len(entry) != 1:
        raise node.fail("monitor.rows", f"one of {', '.join(_FAMILIES)}")
    (family,) = entry
    parts = _FAMILIES[family]
    return tuple(parts[entry[family].choice(parts, "part")](specification))
