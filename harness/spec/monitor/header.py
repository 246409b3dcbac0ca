"""What the header of a single datagram shows (RFC 2661 3.1). Needs no memory of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from harness.spec.monitor.judge import Judge
from harness.spec.monitor.message import Message
from harness.spec.monitor.rules import RuleId
from harness.wire import Defect, DefectKind, Header, parse

_CONTROL: Final[Mapping[DefectKind, RuleId]] = {
    DefectKind.CONTROL_WITHOUT_LENGTH: RuleId.HEADER_LENGTH_BIT,
    DefectKind.CONTROL_WITHOUT_SEQUENCE: RuleId.HEADER_SEQUENCE_BIT,
    DefectKind.CONTROL_WITH_OFFSET: RuleId.HEADER_OFFSET_BIT,
    DefectKind.CONTROL_WITH_PRIORITY: RuleId.HEADER_PRIORITY_BIT,
}
_ANY: Final[Mapping[DefectKind, RuleId]] = {
    DefectKind.RESERVED_HEADER_BITS: RuleId.HEADER_RESERVED_BITS,
    DefectKind.LENGTH_IN_HEADER: RuleId.HEADER_LENGTH,
    DefectKind.LENGTH_SHORT: RuleId.HEADER_LENGTH,
    DefectKind.LENGTH_LONG: RuleId.HEADER_LENGTH,
}


def judge_control_header(judge: Judge, message: Message) -> None:
    """The flags and the Length of a control message."""
    if not message.defects and not judge.accounts:
        return
    if _judge_version(judge, message.header, message.defects):
        _judge(judge, _CONTROL, message.defects)
        _judge(judge, _ANY, message.defects)


def judge_data_header(judge: Judge, data: bytes) -> None:
    """The same of a data message, and its offset."""
    parsed = parse(data)
    if parsed.packet is None or not _judge_version(judge, parsed.packet.header, parsed.defects):
        return
    header = parsed.packet.header
    _judge(judge, _ANY, parsed.defects, length=header.length is not None)
    if header.offset_size is not None:
        _judge(judge, {DefectKind.OFFSET_BEYOND_END: RuleId.DATA_OFFSET}, parsed.defects)


def judge_truncated(judge: Judge, data: bytes) -> None:
    """A datagram that ends within its header."""
    for defect in parse(data).defects:
        if defect.kind is DefectKind.HEADER_TRUNCATED and judge.violated(
            RuleId.HEADER_TRUNCATED, bad=True
        ):
            judge.blame(RuleId.HEADER_TRUNCATED, defect.text, offset=defect.offset)


def _judge_version(judge: Judge, header: Header, defects: Iterable[Defect]) -> bool:
    """Whether the header is one that this document describes."""
    if judge.violated(RuleId.HEADER_VERSION, header.version != 2):
        text = next(one.text for one in defects if one.kind is DefectKind.VERSION)
        judge.blame(RuleId.HEADER_VERSION, text, offset=1)
    return header.version == 2


def _judge(
    judge: Judge,
    rules: Mapping[DefectKind, RuleId],
    defects: Iterable[Defect],
    *,
    length: bool = True,
) -> None:
    found = [defect for defect in defects if defect.kind in rules]
    for rule in dict.fromkeys(rules.values()):
        if rule is RuleId.HEADER_LENGTH and not length:
            continue
        faults = [defect for defect in found if rules[defect.kind] is rule]
        if judge.violated(rule, bool(faults)):
            judge.blame(rule, faults[0].text, offset=faults[0].offset)
