"""What the values of a single control message say together (RFC 2661 4.4.2, 4.4.4, 4.4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.spec.model import Role
from harness.spec.monitor.judge import Judge
from harness.spec.monitor.message import Item, Message
from harness.spec.monitor.rules import RuleId
from harness.wire.fields import FieldKind

GENERAL_ERROR: Final = 2
VENDOR_ERROR: Final = 6
UNKNOWN_AVP: Final = 8

MOST_CAUSE: Final = 127
"""Cause values and message types of Q.931 have 7 bits, and none is 0."""

_PROXY_NEEDS: Final[Mapping[str, tuple[int, ...]]] = {
    "proxy_authen_name": (1, 2, 3, 5),
    "proxy_authen_challenge": (2, 5),
    "proxy_authen_id": (2, 3, 5),
    "proxy_authen_response": (1, 2, 3, 5),
}
_CLEAR_PASSWORD: Final = (1, 3)
_OPTION: Final = 2
"""Octets of an option of LCP without data."""


def judge_contents(
    judge: Judge, message: Message, role: Role | None, *, secret_shared: bool | None
) -> None:
    """Result codes, texts and proxy authentication. `role`: of the sender, None if unknown."""
    if message.spec is None:
        return
    if message.name in judge.specification.result_codes:
        _judge_result(judge, message, role)
    if message.name == "CDN":
        _judge_cause(judge, message)
    if message.name == "ICCN":
        _judge_proxy(judge, message, secret_shared=secret_shared)
    for item in message.items:
        if item.spec is not None and item.readable:
            _judge_text(judge, message, item)


def _judge_result(judge: Judge, message: Message, role: Role | None) -> None:
    value = message.value("result_code")
    if not isinstance(value, Mapping):
        return
    spec = judge.specification
    offset = message.offset(message.all("result_code")[0].index)
    result, error = value["result"], value.get("error")
    assert isinstance(result, int)
    codes = spec.result_codes[message.name]
    # A StopCCN with result 5 has the highest version as its error code, not a general error.
    general = error if isinstance(error, int) and not _is_version(message, result) else None
    unknown = []
    if result not in codes:
        unknown.append(f"result {result} of {message.name}")
    if general is not None and general not in spec.error_codes:
        unknown.append(f"error {general}")
    if judge.violated(RuleId.RESULT_CODE_KNOWN, bool(unknown)):
        text = f"{' and '.join(unknown)} stands in no list of RFC 2661"
        judge.blame(RuleId.RESULT_CODE_KNOWN, text, offset=offset)
    needs = result in codes and codes[result].error_code
    if needs:
        row = judge.row(RuleId.ERROR_CODE_PRESENT, str(result))
        empty = error is None or (general == 0 and result == GENERAL_ERROR)
        if judge.violated(RuleId.ERROR_CODE_PRESENT, empty, row):
            said = "no Error Code" if error is None else "Error Code 0, no general error"
            text = f"result {result} of {message.name} comes with {said}"
            judge.blame(RuleId.ERROR_CODE_PRESENT, text, rows=(row,), offset=offset)
    if general in (VENDOR_ERROR, UNKNOWN_AVP):
        row = judge.row(RuleId.ERROR_MESSAGE_PRESENT, str(general))
        if judge.violated(RuleId.ERROR_MESSAGE_PRESENT, not value.get("message"), row):
            text = f"error {general} comes without an Error Message"
            judge.blame(RuleId.ERROR_MESSAGE_PRESENT, text, rows=(row,), offset=offset)
    if role is not None:
        _judge_code_role(judge, message, result, general, role, offset)


def _is_version(message: Message, result: int) -> bool:
    return message.name == "StopCCN" and result == 5


def _judge_code_role(
    judge: Judge, message: Message, result: int, error: int | None, role: Role, offset: int
) -> None:
    spec = judge.specification
    codes = [("result", spec.result_codes[message.name].get(result))]
    if error is not None:
        codes.append(("error", spec.error_codes.get(error)))
    for what, code in codes:
        if code is None or code.reserved or len(code.role) != 1:
            continue
        row = spec.result_row(code.message or "error", code.number)
        if judge.violated(RuleId.RESULT_CODE_ROLE, role not in code.role, row):
            text = f"{what} {code.number} ({code.text}) comes from an {role.upper()}"
            judge.blame(RuleId.RESULT_CODE_ROLE, text, rows=(row,), offset=offset)


def _judge_cause(judge: Judge, message: Message) -> None:
    """Both numbers come from the ISDN line as they are (Q.931 4.4, Q.850)."""
    value = message.value("q931_cause_code")
    if not isinstance(value, Mapping):
        return
    cause, kind = value["cause"], value["message"]
    assert isinstance(cause, int)
    assert isinstance(kind, int)
    foreign = not (0 < cause <= MOST_CAUSE and 0 < kind <= MOST_CAUSE)
    if judge.violated(RuleId.Q931_CAUSE, foreign):
        text = f"the cause {cause} with the message {kind:#04x} is none of Q.931"
        offset = message.offset(message.all("q931_cause_code")[0].index)
        judge.blame(RuleId.Q931_CAUSE, text, offset=offset)


def _judge_proxy(judge: Judge, message: Message, *, secret_shared: bool | None) -> None:
    kind = message.integer("proxy_authen_type")
    _judge_proxy_lcp(judge, message)
    parts = [name for name in _PROXY_NEEDS if message.has(name)]
    if parts:
        row = judge.row(RuleId.PROXY_AUTHENTICATION, "proxy_authen_type")
        spec = judge.specification.avps["proxy_authen_type"]
        if judge.violated(RuleId.PROXY_AUTHENTICATION, not message.carries(spec), row):
            text = f"{judge.specification.avps[parts[0]].title} comes without {spec.title}"
            judge.blame(RuleId.PROXY_AUTHENTICATION, text, rows=(row,))
    if kind is None:
        return
    for name, kinds in _PROXY_NEEDS.items():
        if kind not in kinds:
            continue
        row = judge.row(RuleId.PROXY_AUTHENTICATION, name)
        spec = judge.specification.avps[name]
        if judge.violated(RuleId.PROXY_AUTHENTICATION, not message.carries(spec), row):
            text = f"Proxy Authen Type {kind} comes without {spec.title}"
            judge.blame(RuleId.PROXY_AUTHENTICATION, text, rows=(row,))
    responses = message.all("proxy_authen_response")
    if kind in _CLEAR_PASSWORD and responses and secret_shared:
        clear = not responses[0].came.hidden
        if judge.violated(RuleId.PASSWORD_HIDDEN, clear):
            text = "Proxy Authen Response is a password in clear text"
            offset = message.offset(responses[0].index)
            judge.blame(RuleId.PASSWORD_HIDDEN, text, offset=offset)


def _judge_proxy_lcp(judge: Judge, message: Message) -> None:
    for name, row in judge.cases(RuleId.PROXY_LCP).items():
        for item in message.all(name):
            if not item.readable:
                continue
            wrong = not _are_options(item.avp.value)
            if judge.violated(RuleId.PROXY_LCP, wrong, row):
                text = f"{judge.specification.avps[name].title} is no list of options"
                offset = message.offset(item.index)
                judge.blame(RuleId.PROXY_LCP, text, rows=(row,), offset=offset)


def _are_options(value: bytes) -> bool:
    """Whether octets are configuration options of PPP, each a type, a length and its data."""
    while value:
        if len(value) < _OPTION or not _OPTION <= value[1] <= len(value):
            return False
        value = value[value[1] :]
    return True


def _judge_text(judge: Judge, message: Message, item: Item) -> None:
    spec = item.spec
    assert spec is not None
    last = spec.fields[-1] if spec.fields else None
    if last is None or last.kind is not FieldKind.TEXT:
        return
    fixed = sum(field.octets or 0 for field in spec.fields[:-1])
    text = item.avp.value[fixed:]
    if not text:
        return
    offset = message.offset(item.index)
    if judge.violated(RuleId.TEXT_NUL, text.endswith(b"\0")):
        judge.blame(RuleId.TEXT_NUL, f"{spec.title} ends with a NUL", offset=offset)
    if spec.name in judge.cases(RuleId.TEXT_UTF8):
        row = judge.row(RuleId.TEXT_UTF8, spec.name)
        if judge.violated(RuleId.TEXT_UTF8, not _is_utf8(text), row):
            said = f"the text of {spec.title} is not UTF-8"
            judge.blame(RuleId.TEXT_UTF8, said, rows=(row,), offset=offset)
    if spec.name in judge.cases(RuleId.TEXT_ASCII):
        row = judge.row(RuleId.TEXT_ASCII, spec.name)
        if judge.violated(RuleId.TEXT_ASCII, not text.isascii(), row):
            judge.blame(RuleId.TEXT_ASCII, f"{spec.title} is not ASCII", rows=(row,), offset=offset)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
