"""What the AVPs of a single control message show (RFC 2661 4.1 to 4.4, 6.1 to 6.14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from harness.spec.model import Aspect
from harness.spec.monitor.judge import Judge
from harness.spec.monitor.message import STRUCTURE_DEFECTS, UNKNOWN, ZLB, Item, Message, Plan
from harness.spec.monitor.rules import RuleId
from harness.wire import DefectKind
from harness.wire.model import MESSAGE_TYPE, RANDOM_VECTOR, RESERVED_AVP_SHIFT

ENOUGH_RANDOM: Final = 16
"""Octets of a Random Vector (4.4.1)."""

HIDING_BLOCK: Final = 16
"""Octets that are hidden by one digest (4.3)."""

_VALUE_RULES: Final[Mapping[Aspect, RuleId]] = {
    "length": RuleId.AVP_VALUE_LENGTH,
    "value": RuleId.AVP_VALUE,
}


def judge_avps(judge: Judge, message: Message, *, secret_shared: bool | None) -> None:
    """The AVPs of a control message of version 2.

    `secret_shared`: whether both sides have a secret, None if that is not known.
    """
    _judge_zlb(judge, message)
    if message.name == ZLB:
        return
    _judge_structure(judge, message)
    if not message.items:
        return
    if not _judge_message_type(judge, message):
        return
    for item in message.items:
        _judge_item(judge, message, item)
    if any(item.came.hidden for item in message.items):
        _judge_hiding(judge, message, secret_shared=secret_shared)
    if message.spec is not None:
        _judge_presence(judge, message)
        _judge_duplicates(judge, message)


def _judge_zlb(judge: Judge, message: Message) -> None:
    """A control message in which no AVP begins is a ZLB, and has nothing behind its header."""
    if message.items:
        return
    left = message.packet.trailing
    if judge.violated(RuleId.ZLB_FORM, bool(left)):
        text = f"{len(left)} octets stand behind the header of a message without AVPs"
        judge.blame(RuleId.ZLB_FORM, text, offset=message.header.size)


def _judge_structure(judge: Judge, message: Message) -> None:
    if not message.items:
        return
    kinds = (
        DefectKind.AVP_LENGTH_SMALL,
        DefectKind.AVP_TRUNCATED,
        DefectKind.TRAILING_OCTETS,
    )
    faults = [defect for defect in message.defects if defect.kind in kinds]
    if judge.violated(RuleId.AVP_STRUCTURE, bool(faults)):
        judge.blame(RuleId.AVP_STRUCTURE, faults[0].text, offset=faults[0].offset)


def _judge_message_type(judge: Judge, message: Message) -> bool:
    """Whether the message says what it is; if not, nothing in it has a known meaning."""
    first = message.items[0].came
    wrong = first.type != MESSAGE_TYPE or bool(first.vendor)
    if judge.violated(RuleId.MESSAGE_TYPE_FIRST, wrong):
        text = f"the first AVP is vendor {first.vendor}, attribute {first.type}"
        judge.blame(RuleId.MESSAGE_TYPE_FIRST, text, offset=message.offset(0))
    if wrong:
        return False
    number = message.packet.message_type
    if number is not None:
        unknown = message.name == UNKNOWN
        types = judge.specification.avps["message_type"]
        reserved = unknown and bool(types.findings(UNKNOWN, first.value))
        if judge.violated(RuleId.MESSAGE_TYPE_RESERVED, reserved):
            text = f"message type {number} is reserved"
            judge.blame(RuleId.MESSAGE_TYPE_RESERVED, text, offset=message.offset(0))
        if judge.violated(RuleId.MESSAGE_TYPE_KNOWN, unknown and not reserved):
            text = f"message type {number} is none of RFC 2661"
            judge.blame(RuleId.MESSAGE_TYPE_KNOWN, text, offset=message.offset(0))
    return True


def _judge_item(judge: Judge, message: Message, item: Item) -> None:
    plan = item.plan
    if not judge.accounts and plan is not None and _plain(message, item, plan):
        return
    came = item.came
    name = _named(item)
    offset = _At(message, item)
    if judge.violated(RuleId.AVP_RESERVED_BITS, bool(came.reserved)):
        bits = came.reserved << RESERVED_AVP_SHIFT
        text = f"{name} has reserved bits {bits:#06x}"
        judge.blame(RuleId.AVP_RESERVED_BITS, text, offset=offset())
    if plan is None:
        _judge_foreigner(judge, item, offset)
        return
    spec = plan.spec
    if not came.vendor:
        judge.violated(RuleId.AVP_UNASSIGNED, bad=False)
    row = plan.rows["M"]
    wrong = came.mandatory is not spec.mandatory and not _is_skippable(message, item)
    if judge.violated(RuleId.AVP_MANDATORY_BIT, wrong, row):
        text = f"{name} has M = {int(came.mandatory)}, {int(spec.mandatory)} is required"
        judge.blame(RuleId.AVP_MANDATORY_BIT, text, rows=(row,), offset=offset())
    if not spec.hideable:
        row = plan.rows["H"]
        if judge.violated(RuleId.AVP_HIDDEN_BIT, came.hidden, row):
            judge.blame(RuleId.AVP_HIDDEN_BIT, f"{name} is hidden", rows=(row,), offset=offset())
    if item.readable:
        _judge_value(judge, message, item, plan, offset)
    if message.spec is not None and plan.messages is not None:
        row = plan.rows["messages"]
        if judge.violated(RuleId.AVP_FOREIGN, not plan.carried_by(message.name), row):
            text = f"{name} does not belong to {message.name}"
            judge.blame(RuleId.AVP_FOREIGN, text, rows=(row,), offset=offset())
    if spec.type == RANDOM_VECTOR and not spec.vendor and not came.hidden:
        octets = len(came.value)
        if judge.violated(RuleId.RANDOM_VECTOR_LENGTH, octets < ENOUGH_RANDOM):
            text = f"the Random Vector has {octets} octets, {ENOUGH_RANDOM} are recommended"
            judge.blame(RuleId.RANDOM_VECTOR_LENGTH, text, offset=offset())


def _is_skippable(message: Message, item: Item) -> bool:
    """Whether it is the Message Type of a later document, which M = 0 lets be ignored (4.4.1)."""
    return message.name == UNKNOWN and item.index == 0


def _plain(message: Message, item: Item, plan: Plan) -> bool:
    """Whether there is nothing to say about an AVP; the quick way for most of them."""
    came = item.came
    spec = plan.spec
    return (
        plan.only_length
        and not came.hidden
        and came.length is None
        and came.mandatory is spec.mandatory
        and spec.min_length <= len(came.value) <= spec.max_length
        and plan.carried_by(message.name)
        and came.type != RANDOM_VECTOR
    )


class _At:
    """The offset of an AVP, worked out only when somebody asks."""

    __slots__ = ("item", "message")

    def __init__(self, message: Message, item: Item) -> None:
        self.message = message
        self.item = item

    def __call__(self) -> int:
        return self.message.offset(self.item.index)


def _judge_foreigner(judge: Judge, item: Item, offset: Callable[[], int]) -> None:
    """An attribute that the table does not have, or one made unrecognizable by reserved bits."""
    came = item.came
    if came.vendor:
        if judge.violated(RuleId.VENDOR_AVP_MANDATORY, came.mandatory):
            text = f"attribute {came.type} of vendor {came.vendor} has M = 1"
            judge.blame(RuleId.VENDOR_AVP_MANDATORY, text, offset=offset())
    elif not came.reserved and judge.violated(RuleId.AVP_UNASSIGNED, bad=True):
        text = f"attribute {came.type} (M = {int(came.mandatory)}) is none of RFC 2661"
        judge.blame(RuleId.AVP_UNASSIGNED, text, offset=offset())


def _judge_value(
    judge: Judge, message: Message, item: Item, plan: Plan, offset: Callable[[], int]
) -> None:
    findings = plan.spec.findings(message.name, item.avp.value)
    for aspect, rule in _VALUE_RULES.items():
        row = plan.rows.get(aspect)
        # that a message type is reserved is a rule of its own
        if row is None or (aspect == "value" and plan.spec.type == MESSAGE_TYPE):
            continue
        faults = [one.text for one in findings if one.aspect == aspect]
        if judge.violated(rule, bool(faults), row):
            text = f"{_named(item)}: {'; '.join(faults)}"
            judge.blame(rule, text, rows=(row,), offset=offset())


def _judge_hiding(judge: Judge, message: Message, *, secret_shared: bool | None) -> None:
    vectors = 0
    reasons = dict(message.problems)
    for item in message.items:
        came = item.came
        if came.type == RANDOM_VECTOR and not came.vendor and not came.hidden:
            vectors += 1
        if not came.hidden:
            continue
        offset = message.offset(item.index)
        name = _named(item)
        if judge.violated(RuleId.HIDDEN_WITHOUT_VECTOR, not vectors):
            text = f"no Random Vector stands before the hidden {name}"
            judge.blame(RuleId.HIDDEN_WITHOUT_VECTOR, text, offset=offset)
        if secret_shared is False and judge.violated(RuleId.HIDDEN_WITHOUT_SECRET, bad=True):
            text = f"{name} is hidden, yet there is no shared secret"
            judge.blame(RuleId.HIDDEN_WITHOUT_SECRET, text, offset=offset)
        if secret_shared and vectors and item.spec is not None:
            reason = reasons.get(item.index)
            rows = _hiding_rows(judge, len(came.value), vectors)
            if judge.violated(RuleId.HIDDEN_VALUE, reason is not None, *rows):
                text = f"{name} cannot be read with the shared secret: {reason}"
                judge.blame(RuleId.HIDDEN_VALUE, text, rows=rows, offset=offset)


def _hiding_rows(judge: Judge, octets: int, vectors: int) -> list[str]:
    """What a hidden value of so many octets, behind so many Random Vectors, has to do with."""
    concerns = {
        "segment": octets % HIDING_BLOCK != 0,
        "further-blocks": octets > HIDING_BLOCK,
        "another-vector": vectors > 1,
    }
    cases = judge.cases(RuleId.HIDDEN_VALUE)
    return [row for case, row in cases.items() if concerns.get(case, True)]


def _judge_presence(judge: Judge, message: Message) -> None:
    assert message.spec is not None
    if message.defects and message.kinds() & (STRUCTURE_DEFECTS | {DefectKind.LENGTH_LONG}):
        return
    for name in message.spec.mandatory:
        row = judge.specification.message_row(message.name, name)
        spec = judge.specification.avps[name]
        if judge.violated(RuleId.AVP_MISSING, not message.carries(spec), row):
            judge.blame(RuleId.AVP_MISSING, f"{message.name} lacks {spec.title}", rows=(row,))


def _judge_duplicates(judge: Judge, message: Message) -> None:
    seen: dict[str, Item] = {}
    for item in message.items:
        if item.spec is None or item.spec.type == RANDOM_VECTOR:
            continue
        name = item.spec.name
        if name in seen and item.spec.used_in(message.name):
            row = judge.specification.message_row(message.name, name)
            if judge.violated(RuleId.AVP_DUPLICATE, True, row):
                text = f"{message.name} has {item.spec.title} more than once"
                offset = message.offset(item.index)
                judge.blame(RuleId.AVP_DUPLICATE, text, rows=(row,), offset=offset)
            return
        seen[name] = item
    judge.violated(RuleId.AVP_DUPLICATE, False)


def _named(item: Item) -> str:
    if item.spec is not None:
        return item.spec.title
    if item.came.vendor:
        return f"attribute {item.came.type} of vendor {item.came.vendor}"
    return f"attribute {item.came.type}"
