"""The steps of a case: a mapping each, whose first key names the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.located import Node
from harness.suite.amounts import count, count_range, duration, integer, number_range, of_limit
from harness.suite.defined import AlikeSteps, Defined
from harness.suite.expects import read_alternatives, read_save
from harness.suite.fill import check_names
from harness.suite.messages import read_compose, read_message_edits
from harness.suite.model import (
    PATIENCE,
    PPP_PATIENCE,
    Acks,
    Advance,
    Alive,
    Calls,
    Close,
    Compare,
    DeviceAction,
    Establish,
    Expect,
    Hello,
    LinkStep,
    Outstanding,
    Ppp,
    Repeat,
    Resend,
    Retransmissions,
    Send,
    Series,
    Silence,
    Step,
    Wait,
)
from harness.suite.parting import Parted, common, parted, saved_values
from harness.suite.reader import Reader, unknown
from harness.suite.step_keys import EDIT_KEYS, STEPS
from harness.suite.values import plain_text
from harness.suite.vocabulary import (
    BEFORE,
    BUILT_IN_NAMES,
    DATA,
    DIRECTIONS,
    ESTABLISHED,
    IMPAIRMENTS,
    LIMIT_VARIABLE,
    LIVING,
    LOOP_VARIABLE,
    RAW,
    RESERVED_NAMES,
    SENT_WORDS,
    WHOSE,
    ZLB,
)

_IMPLY_ONCE = ("header", "raw", "cut", "append")


class StepReader:
    """Reads the steps of one case in their order, and knows what the earlier ones have defined."""

    def __init__(
        self,
        reader: Reader,
        axes: Iterable[str] = (),
        *,
        limited: bool = False,
        alike: AlikeSteps | None = None,
    ) -> None:
        """limited: the case is about a limit of the device, which the steps may name.

        alike: what was read of other instances of the case, with the same axes; more is put in.
        """
        self._reader = reader
        self._alike = AlikeSteps() if alike is None else alike
        self._taken = {*axes, *RESERVED_NAMES, *reader.given}
        self._defined = Defined({*reader.given, *BUILT_IN_NAMES})
        if limited:
            self._defined.names.add(LIMIT_VARIABLE)

    def read(self, node: Node) -> tuple[Step, ...]:
        """The steps that could be read; the errors of the others are kept."""
        steps: list[Step] = []
        for item in node.sequence():
            with self._reader.caught():
                steps += self._step(item)
        return tuple(steps)

    def _step(self, node: Node) -> tuple[Step, ...]:
        """One step, which in most instances of a case is the very node of the others."""
        known = self._alike.find(node, self._defined)
        if known is not None:
            return (known,)
        before, errors = self._defined.freeze(), len(self._reader.errors)
        steps = self._fresh_step(node)
        if steps and len(self._reader.errors) == errors:
            self._alike.keep(node, before, steps[0], self._defined)
        return steps

    def _fresh_step(self, node: Node) -> tuple[Step, ...]:
        name, head, entries = parted(self._reader, node)
        nested = name == "repeat"
        looked_at = Node(entries, node.place, node.key_places)
        problems = [] if nested else check_names(head, self._defined.names)
        problems += check_names(looked_at, self._defined.names)
        before = len(self._reader.errors)
        step = None
        with self._reader.caught():
            shared = common(self._reader, node, entries, self._defined.names)
            step = _READERS[name](self, Parted(head, entries, shared))
        # an undefined name is one error, not also a value of the wrong kind
        undefined = {one.place for one in problems}
        found = [one for one in self._reader.errors[before:] if one.place not in undefined]
        self._reader.errors[before:] = [*problems, *found]
        if isinstance(step, (Expect, Ppp)):
            self._defined.names.update(step.save)
        if isinstance(step, Ppp) and step.requests is not None:
            self._defined.names.add(step.requests)
        return () if step is None else (step,)

    def _block(self, name: str, node: Node) -> dict[str, Node]:
        return self._reader.entries(node, STEPS[name].block, what="step-key", owner=f"`{name}`")

    def _send(self, step: Parted) -> Step:
        message = self._reader.message(step.head, words=SENT_WORDS)
        self._check_send_keys(message, step)
        compose = read_compose(self._reader, message, step.entries)
        implied = any(key in step.entries for key in _IMPLY_ONCE) or message in {ZLB, DATA}
        self._defined.sent.add(message)
        return Send(
            **step.common,
            compose=compose,
            once=step.entries["once"].boolean() if "once" in step.entries else implied,
            repeat=count(step.entries["repeat"]) if "repeat" in step.entries else 1,
            from_=plain_text(step.entries["from"]) if "from" in step.entries else None,
        )

    def _check_send_keys(self, message: str, step: Parted) -> None:
        """`raw` and `data` take only some of the edits, and the others not theirs."""
        if message == RAW and "raw" not in step.entries:
            raise step.head.fail(
                "data.missing-key", "`send: raw` needs the octets", hint="raw: 0xc802…"
            )
        banned: dict[str, str] = {}
        if message != RAW:
            banned["raw"] = "`raw` goes with `send: raw` only"
        if message != DATA:
            banned["payload"] = "`payload` goes with `send: data` only"
        if message == RAW:
            banned |= dict.fromkeys(EDIT_KEYS, "`send: raw` sends the octets as they are")
        if message in {DATA, ZLB}:
            edits = ("set", "add", "omit", "replace", "order", "hide")
            banned |= dict.fromkeys(edits, f"{message} has no AVPs")
        for key in step.entries:
            if key in banned:
                self._reader.errors.append(
                    step.entries[key].fail(
                        "suite.step-key", f"{key!r} does not belong here", hint=banned[key]
                    )
                )

    def _resend(self, step: Parted) -> Step:
        message = self._reader.message(step.head, words=(ZLB, RAW, DATA))
        if message not in self._defined.sent and not self._defined.established:
            raise step.head.fail(
                "suite.resend", f"no earlier step sends {message}, so it cannot be sent again"
            )
        return Resend(
            **step.common,
            message=message,
            count=count(step.entries["count"]) if "count" in step.entries else 1,
        )

    def _expect(self, step: Parted) -> Step:
        alternatives = read_alternatives(self._reader, step.head, step.entries)
        save: dict[str, str] = {}
        collect: dict[str, str] = {}
        if "save" in step.entries:
            save = read_save(self._reader, step.entries["save"], self._taken)
        if "collect" in step.entries:
            collect = read_save(self._reader, step.entries["collect"])
            self._defined.series.update(collect)
        return Expect(
            **step.common,
            alternatives=alternatives,
            within=duration(step.entries["within"]) if "within" in step.entries else PATIENCE,
            at=plain_text(step.entries["at"]) if "at" in step.entries else None,
            any_session="any_session" in step.entries and step.entries["any_session"].boolean(),
            again="again" in step.entries and step.entries["again"].boolean(),
            save=save,
            collect=collect,
        )

    def _establish(self, step: Parted) -> Step:
        what = step.head.choice(ESTABLISHED, "preamble")
        before = ""
        if "before" in step.entries:
            before = step.entries["before"].choice(BEFORE[what], "message")
        messages = (
            read_message_edits(self._reader, step.entries["with"]) if "with" in step.entries else {}
        )
        self._defined.established = True
        return Establish(
            **step.common,
            what=what,
            before=before,
            authenticate="authenticate" in step.entries and step.entries["authenticate"].boolean(),
            messages=messages,
            local_id=integer(step.entries["local_id"], 1, 0xFFFF)
            if "local_id" in step.entries
            else None,
        )

    def _silence(self, step: Parted) -> Step:
        if not step.head.is_mapping:
            return Silence(**step.common, seconds=duration(step.head))
        block = self._block("silence", step.head)
        return Silence(
            **step.common,
            seconds=duration(block["for"]),
            strict="strict" in block and block["strict"].boolean(),
            whole_tunnel="whole_tunnel" not in block or block["whole_tunnel"].boolean(),
        )

    def _close(self, step: Parted) -> Step:
        return Close(**step.common, endpoint=plain_text(step.head))

    def _acks(self, step: Parted) -> Step:
        return Acks(**step.common, mode=step.head.choice(("hold", "resume")))

    def _hello(self, step: Parted) -> Step:
        return Hello(**step.common, mode=step.head.choice(("ignore", "answer")))

    def _link(self, step: Parted) -> Step:
        block = self._block("link", step.head)
        impairments = [name for name in IMPAIRMENTS if name in block]
        if len(impairments) != 1:
            raise step.head.fail(
                "suite.link", f"expected one of {', '.join(IMPAIRMENTS)}, found {len(impairments)}"
            )
        impairment = impairments[0]
        if (impairment == "delay") != ("seconds" in block):
            raise step.head.fail("suite.link", "`seconds` goes with `delay`, and `delay` needs it")
        return LinkStep(
            **step.common,
            impairment=impairment,
            direction=(
                block["direction"].choice(DIRECTIONS) if "direction" in block else "received"
            ),
            count=count(block[impairment]),
            message=(
                self._reader.message(block["message"], words=(ZLB, DATA))
                if "message" in block
                else None
            ),
            seconds=duration(block["seconds"]) if "seconds" in block else 0.0,
        )

    def _retransmissions(self, step: Parted) -> Step:
        block = self._block("retransmissions", step.head)
        usual = Retransmissions(
            **step.common,
            message=self._reader.message(block["of"]),
            within=duration(block["within"]),
        )
        first, factor, sends = usual.first, usual.factor, usual.sends
        if "first" in block:
            first = number_range(block["first"])
        if "factor" in block:
            factor = number_range(block["factor"])
        if "sends" in block:
            sends = count_range(block["sends"])
        return Retransmissions(
            **step.common,
            message=usual.message,
            within=usual.within,
            first=first,
            factor=factor,
            least_cap=block["least_cap"].seconds() if "least_cap" in block else usual.least_cap,
            sends=sends,
            at_least=count(block["at_least"]) if "at_least" in block else usual.at_least,
            until_given_up="until_given_up" in block and block["until_given_up"].boolean(),
        )

    def _outstanding(self, step: Parted) -> Step:
        block = self._block("outstanding", step.head)
        at_least = count(block["at_least"]) if "at_least" in block else 1
        at_most = count(block["at_most"])
        if at_least > at_most:
            text = f"{at_least} is above {at_most}: nothing lies between"
            raise block["at_least"].fail("suite.range", text)
        return Outstanding(
            **step.common,
            within=duration(block["within"]),
            at_most=at_most,
            at_least=at_least,
        )

    def _advance(self, step: Parted) -> Step:
        block = self._block("advance", step.head)
        of = block.get("of")
        return Advance(
            **step.common,
            to=integer(block["to"], 0, 0xFFFF),
            of_iut=of is not None and of.choice(WHOSE) == "iut",
        )

    def _calls(self, step: Parted) -> Step:
        block = self._block("calls", step.head)
        return Calls(**step.common, **self._times(block["count"]))

    def _series_step(self, step: Parted) -> Step:
        block = self._block("series", step.head)
        name = plain_text(block["of"])
        if name not in self._defined.series:
            raise unknown(block["of"], self._defined.series, "series")
        judged = {
            key: block[key].boolean() for key in ("distinct", "unpredictable") if key in block
        }
        if not any(judged.values()):
            raise step.head.fail(
                "suite.series", "nothing is judged", hint="distinct: true, or unpredictable: true"
            )
        return Series(
            **step.common,
            of=name,
            **self._times(block.get("count"), 2),
            **judged,
        )

    def _times(self, node: Node | None, usual: int = 1) -> dict[str, Any]:
        """How many times: a number, or so many as the limit of the case is."""
        if node is None:
            return {"count": usual}
        more = of_limit(node)
        if more is None or LIMIT_VARIABLE not in self._defined.names:
            return {"count": count(node)}
        return {"count": more, "of_limit": True}

    def _wait(self, step: Parted) -> Step:
        return Wait(**step.common, seconds=duration(step.head))

    def _device(self, step: Parted) -> Step:
        if not step.head.is_mapping:
            return DeviceAction(**step.common, action=plain_text(step.head))
        block = self._block("device", step.head)
        values = {}
        if "values" in block:
            for name, value in block["values"].mapping().items():
                if value.is_mapping or value.is_sequence:
                    raise value.fail("data.text", "expected a plain value")
                values[name] = value.content if isinstance(value.content, str) else value.source
        return DeviceAction(**step.common, action=plain_text(block["action"]), values=values)

    def _alive(self, step: Parted) -> Step:
        return Alive(
            **step.common,
            what="device" if step.head.is_null else step.head.choice(LIVING),
            within=duration(step.entries["within"]) if "within" in step.entries else PATIENCE,
        )

    def _ppp(self, step: Parted) -> Step:
        step.head.choice(("up",))
        save = step.entries.get("save")
        return Ppp(
            **step.common,
            header=read_compose(self._reader, DATA, step.entries).header,
            within=duration(step.entries["within"]) if "within" in step.entries else PPP_PATIENCE,
            save={} if save is None else read_save(self._reader, save, self._taken),
            requests=plain_text(step.entries["requests"]) if "requests" in step.entries else None,
        )

    def _compare(self, step: Parted) -> Step:
        if not step.head.content:
            raise step.head.fail("suite.compare", "nothing to compare")
        return Compare(
            **step.common, values=saved_values(self._reader, step.head, self._defined.names)
        )

    def _repeat(self, step: Parted) -> Step:
        block = self._block("repeat", step.head)
        outer = LOOP_VARIABLE in self._defined.names
        self._defined.names.add(LOOP_VARIABLE)
        steps = self.read(block["steps"])
        if not outer:
            self._defined.names.discard(LOOP_VARIABLE)
        return Repeat(**step.common, **self._times(block["count"]), steps=steps)


_READERS: Mapping[str, Callable[[StepReader, Parted], Step]] = {
    "send": StepReader._send,
    "resend": StepReader._resend,
    "expect": StepReader._expect,
    "establish": StepReader._establish,
    "silence": StepReader._silence,
    "close": StepReader._close,
    "acks": StepReader._acks,
    "hello": StepReader._hello,
    "link": StepReader._link,
    "retransmissions": StepReader._retransmissions,
    "outstanding": StepReader._outstanding,
    "advance": StepReader._advance,
    "calls": StepReader._calls,
    "series": StepReader._series_step,
    "wait": StepReader._wait,
    "device": StepReader._device,
    "alive": StepReader._alive,
    "ppp": StepReader._ppp,
    "compare": StepReader._compare,
    "repeat": StepReader._repeat,
}
