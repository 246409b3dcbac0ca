"""Which keys each step of a case may have, what shape their values have, and why.

Those of a file and of a case are in `harness.suite.grammar`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.suite.shapes import Key, Shape
from harness.suite.vocabulary import (
    BEFORE,
    DIRECTIONS,
    ESTABLISHED,
    LIVING,
    SEVERITIES,
    VECTOR_PLACES,
    VERDICTS,
    WHOSE,
)


@dataclass(frozen=True, slots=True)
class StepForm:
    """A kind of step.

    `head`: the value behind the step's name, where that is not a mapping. `block`: the keys of
    that value where it is one. `keys`: what may stand beside the name, besides `COMMON_KEYS`.
    `checks`: it judges the IUT.
    """

    text: str
    head: Key | None = None
    block: Mapping[str, Key] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    checks: bool = False


COMMON_KEYS: Mapping[str, Key] = {
    "tunnel": Key(Shape.NAME, "which of the case's tunnels it is about (t1)"),
    "session": Key(Shape.NAME, "which of the case's sessions it is about (s1)"),
    "rows": Key(Shape.ROWS, "requirement rows that this step checks; default: those of the case"),
    "policy": Key(Shape.POLICY, "the point of the verdict policy that applies, such as P-21"),
    "otherwise": Key(
        Shape.CHOICE,
        "what a failed check counts as; default: what the level of the rows says",
        choices=SEVERITIES,
    ),
    "note": Key(Shape.TEXT, "a remark for the report"),
    "unless": Key(
        Shape.MESSAGE_NAMES,
        "the step is left out if the IUT has sent one of these on the tunnel, in scope",
    ),
    "when": Key(Shape.VALUE_MATCHERS, "the step is left out unless these saved values fit"),
}

EDIT_KEYS: Mapping[str, Key] = {
    "set": Key(Shape.AVP_VALUES, "values of AVPs by name; an AVP that is not there is added"),
    "add": Key(Shape.AVP_EDITS, "AVPs to append, known (`avp`) or not (`type`)"),
    "omit": Key(Shape.AVP_NAMES, "AVPs to leave out"),
    "double": Key(Shape.AVP_NAMES, "AVPs to send a second time, behind the others"),
    "replace": Key(Shape.AVP_REPLACEMENTS, "parts to change of AVPs that are there, by name"),
    "order": Key(Shape.ORDER, "names of the AVPs that come first, in order; or `reversed`"),
    "header": Key(Shape.HEADER_EDIT, "header fields to set against their nature"),
    "hide": Key(Shape.HIDE, "AVPs to hide"),
    "cut": Key(Shape.COUNT, "how many octets are left off at the end of the datagram"),
    "append": Key(Shape.OCTETS, "octets to put behind the datagram"),
}

HEADER_EDIT_KEYS: Mapping[str, Key] = {
    "version": Key(Shape.INTEGER, "Ver, 0..15"),
    "length": Key(Shape.HEADER_FIELD, "Length; +n or -n from the right one; false: no Length"),
    "tunnel_id": Key(Shape.HEADER_NUMBER, "Tunnel ID"),
    "session_id": Key(Shape.HEADER_NUMBER, "Session ID"),
    "ns": Key(Shape.HEADER_FIELD, "Ns; +n or -n from the right one; false: no Ns and Nr"),
    "nr": Key(Shape.HEADER_FIELD, "Nr; +n or -n from the right one; false: no Ns and Nr"),
    "priority": Key(Shape.BOOLEAN, "the P bit"),
    "offset": Key(Shape.INTEGER, "Offset Size; sets the O bit"),
    "reserved": Key(Shape.INTEGER, "the x bits where they stand in the first word, mask 0x34F0"),
    "flags": Key(Shape.INTEGER, "the whole first word"),
}

AVP_PART_KEYS: Mapping[str, Key] = {
    "mandatory": Key(Shape.BOOLEAN, "the M bit; default: as the AVP's definition says, or 0"),
    "hidden": Key(Shape.BOOLEAN, "the H bit, without hiding the value"),
    "reserved": Key(Shape.INTEGER, "the reserved bits, 0..15"),
    "length": Key(Shape.INTEGER, "the Length field, 0..1023, whatever the value is"),
    "value": Key(Shape.VALUE, "the value"),
    "size": Key(Shape.INTEGER, "octets that the value shall have: it is repeated, then cut off"),
    "cut": Key(Shape.COUNT, "how many octets are left off at the end of the value"),
    "append": Key(Shape.OCTETS, "octets to put behind the value"),
    "vendor": Key(Shape.INTEGER, "Vendor ID, 0..65535"),
    "type": Key(Shape.INTEGER, "Attribute Type, 0..65535"),
}

AVP_EDIT_KEYS: Mapping[str, Key] = {
    "avp": Key(Shape.AVP_NAME, "name of a known AVP"),
    **AVP_PART_KEYS,
}

HIDE_KEYS: Mapping[str, Key] = {
    "avps": Key(Shape.AVP_NAMES, "AVPs to hide", required=True),
    "padding": Key(Shape.INTEGER, "octets of padding in each, 0..1011"),
    "random_vector": Key(Shape.OCTETS, "the Random Vector; default: a fresh one"),
    "secret": Key(Shape.TEXT, "another secret than the one both sides share"),
    "each_its_own": Key(Shape.BOOLEAN, "a Random Vector AVP before each hidden AVP"),
    "vector": Key(Shape.CHOICE, "where the Random Vector stands (ahead)", choices=VECTOR_PLACES),
}

ALTERNATIVE_KEYS: Mapping[str, Key] = {
    "message": Key(Shape.RECEIVED_MESSAGE, "what may come", required=True),
    "where": Key(Shape.AVP_MATCHERS, "what its AVPs have to be"),
    "header": Key(Shape.HEADER_MATCHERS, "what its header has to be"),
    "within": Key(Shape.DURATION, "at the latest then; default: the step's"),
    "verdict": Key(Shape.CHOICE, "what it counts as (pass)", choices=VERDICTS),
    "note": Key(Shape.TEXT, "a remark for the report when it is this one"),
    "policy": Key(Shape.POLICY, "the point of the verdict policy behind the verdict"),
}

MATCHER_KEYS: Mapping[str, Key] = {
    "equals": Key(Shape.VALUE, "exactly this value"),
    "in": Key(Shape.VALUE, "one of these values"),
    "not": Key(Shape.VALUE, "none of these values"),
    "range": Key(Shape.NUMBER_RANGE, "a number from low to high, both included; null: open"),
    "bytes": Key(Shape.OCTETS, "exactly these octets"),
    "regex": Key(Shape.TEXT, "text in which this regular expression finds something"),
    "length": Key(Shape.COUNT_RANGE, "a value of so many octets, or of low to high"),
}

STEPS: Mapping[str, StepForm] = {
    "send": StepForm(
        "Send a message: the valid one of the specification's table, with edits.",
        head=Key(Shape.SENT_MESSAGE, "message name, number, ZLB, raw or data"),
        keys={
            **EDIT_KEYS,
            "raw": Key(Shape.RAW, "with `send: raw`: the datagram's octets"),
            "payload": Key(Shape.OCTETS, "with `send: data`: what follows the header"),
            "once": Key(Shape.BOOLEAN, "no retransmission; implied by header, raw, cut, append"),
            "repeat": Key(Shape.COUNT, "how many times the same datagram goes out"),
            "from": Key(Shape.NAME, "another endpoint of the harness to send from"),
        },
    ),
    "resend": StepForm(
        "Send the last message of that name again, octet for octet but for Nr.",
        head=Key(Shape.MESSAGE, "message name"),
        keys={"count": Key(Shape.COUNT, "how many times")},
    ),
    "expect": StepForm(
        "Wait for the next message and judge it.",
        head=Key(Shape.ALTERNATIVES, "a message, or a list of alternatives"),
        keys={
            "where": Key(Shape.AVP_MATCHERS, "what the AVPs of every alternative have to be"),
            "header": Key(Shape.HEADER_MATCHERS, "what the header of every alternative has to be"),
            "within": Key(Shape.DURATION, "how long to wait (2500ms)"),
            "save": Key(Shape.SAVE, "values to keep: name -> AVP, AVP.field or header.field"),
            "collect": Key(Shape.SAVE, "values to add to a series: name -> as in `save`"),
            "at": Key(Shape.NAME, "the endpoint of the harness that it has to come to"),
            "any_session": Key(Shape.BOOLEAN, "messages of every session of the tunnel count"),
            "again": Key(Shape.BOOLEAN, "a retransmission, among what came since the last send"),
        },
        checks=True,
    ),
    "establish": StepForm(
        "A preamble: bring a tunnel or a session up. Where that fails the case is inconc.",
        head=Key(Shape.CHOICE, "what to bring up", choices=ESTABLISHED),
        keys={
            "authenticate": Key(Shape.BOOLEAN, "challenge the IUT, and answer its challenge"),
            "before": Key(
                Shape.CHOICE,
                "stop when the peer would send this message",
                choices=tuple(name for names in BEFORE.values() for name in names),
            ),
            "with": Key(Shape.MESSAGE_EDITS, "edits of the peer's own messages on the way"),
            "local_id": Key(Shape.INTEGER, "the id that the peer assigns, 1..65535"),
        },
    ),
    "silence": StepForm(
        "Nothing but acknowledgements and HELLOs may come for so long.",
        head=Key(Shape.DURATION, "how long"),
        block={
            "for": Key(Shape.DURATION, "how long", required=True),
            "strict": Key(Shape.BOOLEAN, "not even an acknowledgement or a HELLO"),
            "whole_tunnel": Key(Shape.BOOLEAN, "false: only this session has to be silent"),
        },
        checks=True,
    ),
    "close": StepForm(
        "Close an endpoint of the harness: what is still sent there meets nobody, as ICMP tells.",
        head=Key(Shape.NAME, "`default`, or the name that an earlier `from` gave"),
    ),
    "acks": StepForm(
        "hold: the peer stops acknowledging; resume: it acknowledges all it has received.",
        head=Key(Shape.CHOICE, "hold or resume", choices=("hold", "resume")),
    ),
    "hello": StepForm(
        "ignore: HELLOs of the IUT are not acknowledged; answer: they are again.",
        head=Key(Shape.CHOICE, "ignore or answer", choices=("ignore", "answer")),
    ),
    "link": StepForm(
        "Impair the link for the next datagrams.",
        block={
            "drop": Key(Shape.COUNT, "lose the next n"),
            "duplicate": Key(Shape.COUNT, "deliver the next n twice"),
            "delay": Key(Shape.COUNT, "deliver the next n later"),
            "reorder": Key(Shape.COUNT, "deliver the next n behind the one that follows"),
            "direction": Key(Shape.CHOICE, "as the harness sees it (received)", choices=DIRECTIONS),
            "message": Key(Shape.MESSAGE, "only this message; the others pass"),
            "seconds": Key(Shape.DURATION, "how much later"),
        },
    ),
    "retransmissions": StepForm(
        "Watch the IUT retransmit a message that stays unacknowledged; judge the schedule (5.8).",
        block={
            "of": Key(Shape.MESSAGE, "which message", required=True),
            "within": Key(Shape.DURATION, "how long to watch", required=True),
            "first": Key(Shape.NUMBER_RANGE, "seconds before the first retransmission [0.5, 5]"),
            "factor": Key(Shape.NUMBER_RANGE, "growth from one interval to the next [1.7, 2.4]"),
            "least_cap": Key(Shape.NUMBER, "what a cap must at least be, in seconds (8)"),
            "sends": Key(Shape.COUNT_RANGE, "how many times it goes out in all [4, 10]"),
            "at_least": Key(Shape.COUNT, "how many must be seen to judge (3)"),
            "until_given_up": Key(Shape.BOOLEAN, "watch until the IUT gives up"),
        },
        checks=True,
    ),
    "outstanding": StepForm(
        "Count the messages of the IUT that are unacknowledged at once, while acks are held (5.8).",
        block={
            "within": Key(Shape.DURATION, "how long to watch", required=True),
            "at_most": Key(Shape.COUNT, "the most that may be", required=True),
            "at_least": Key(Shape.COUNT, "the least that must be (1)"),
        },
        checks=True,
    ),
    "advance": StepForm(
        "Send HELLOs until Ns is a given one; they are counted rather than recorded.",
        block={
            "to": Key(Shape.INTEGER, "the Ns of the next message, 0..65535", required=True),
            "of": Key(
                Shape.CHOICE, "whose Ns: the peer's own or that of an LNS (peer)", choices=WHOSE
            ),
        },
        checks=True,
    ),
    "calls": StepForm(
        "Ask for incoming calls, each of which has to be accepted; they are counted, not recorded.",
        block={"count": Key(Shape.COUNT, "how many", required=True)},
        checks=True,
    ),
    "series": StepForm(
        "Judge a series of collected numbers.",
        block={
            "of": Key(Shape.NAME, "its name", required=True),
            "count": Key(Shape.COUNT, "how many there must be (2)"),
            "distinct": Key(Shape.BOOLEAN, "no two are the same"),
            "unpredictable": Key(Shape.BOOLEAN, "none follows from those before it"),
        },
        checks=True,
    ),
    "wait": StepForm(
        "Let time pass; what arrives meanwhile is kept for later steps.",
        head=Key(Shape.DURATION, "how long"),
    ),
    "device": StepForm(
        "An action that the device's peer.yaml names.",
        head=Key(Shape.NAME, "the action: dial, hangup, call-out, …"),
        block={
            "action": Key(Shape.NAME, "the action", required=True),
            "values": Key(Shape.TEXT_VALUES, "what its template is filled with"),
        },
    ),
    "alive": StepForm(
        "The IUT still serves a fresh peer (device), or still acknowledges a HELLO (tunnel).",
        head=Key(Shape.CHOICE, "device or tunnel (device)", choices=LIVING),
        keys={"within": Key(Shape.DURATION, "how long to wait (2500ms)")},
        checks=True,
    ),
    "ppp": StepForm(
        "Send Configure-Requests of LCP until one is answered: the PPP of the call is up.",
        head=Key(Shape.CHOICE, "up", choices=("up",)),
        keys={
            "header": Key(Shape.HEADER_EDIT, "header fields of the data messages; ns counts up"),
            "within": Key(Shape.DURATION, "how long to go on (10s)"),
            "save": Key(Shape.SAVE, "values of the answer to keep: name -> header.field"),
            "requests": Key(Shape.NAME, "the value to keep that says how many were sent"),
        },
        checks=True,
    ),
    "compare": StepForm(
        "Judge values saved earlier.",
        head=Key(Shape.VALUE_MATCHERS, "saved name -> matcher"),
        checks=True,
    ),
    "repeat": StepForm(
        "Run steps several times; `${index}` counts from 0.",
        block={
            "count": Key(Shape.COUNT, "how many times", required=True),
            "steps": Key(Shape.STEPS, "the steps", required=True),
        },
    ),
}
