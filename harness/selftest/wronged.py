"""Cases that once held against a device what it may do: variants of that kind always meet them.

By pattern of the names of variants. It is only memory: what has been put right stays right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CROSSING: Final = (
    "7.4.1-lac-incoming-call-states/established-ended-by-both",
    "7.4.2-lns-incoming-call-states/established-ended-by-both",
)
_WITHOUT_A_TRACE: Final = (
    "3.1-header-in-tunnel/truncated-hello",
    "3.1-header-in-tunnel/without-mandatory-fields",
    "3.1-header-in-tunnel/length-within-header",
    "3.1-header-in-tunnel/fields-left-out",
    "3.1-header-in-tunnel/unknown-version-discarded",
    "3.1-header-in-tunnel/l2f-discarded",
    "3.1-header-in-tunnel/random-octets",
    "5.8-reliable-delivery/zlb-not-acknowledged",
)
_NEXT_NS: Final = (
    "5.1-control-connection/tunnels-apart",
    "5.1-control-connection/connected-without-a-pause",
    "5.8-reliable-delivery/control-messages-in-order",
    "5.8-reliable-delivery/retransmission-has-fresh-nr",
    "5.8-reliable-delivery/zlb-has-next-ns",
    "5.8-reliable-delivery/zlb-takes-no-number",
    "6.7-icrp/of-the-iut",
)
_CALLS_OUT: Final = (
    "4.4.4-outgoing-call-avps/outgoing-framing-either",
    "5.2-calls-of-a-lac/outgoing-call",
    "6.9-ocrq/minimal",
    "6.10-ocrp/of-the-iut",
    "7.5.1-lac-outgoing-call-states/idle-request",
)

_LATE_CALL: Final = (
    "5.8-acknowledged-in-part/gap-not-acknowledged",
    "5.8-reliable-delivery/zlb-takes-no-number",
    "6.5-hello/foreign-avp",
    "6.12-cdn-to-a-lac/another-session-id",
    "3.1-header-in-tunnel/truncated-hello",
    "5.7-control-connection-teardown/stopccn-acknowledged",
    "5.8-reliable-delivery/old-sequence-number",
)

WRONGED: Final[Mapping[str, tuple[str, ...]]] = {
    "acknowledges-after-*": (
        "5.5-hello/acknowledged",
        "5.1-control-connection/lock-step",
        "5.2.1-incoming-call/call-comes-up",
        "5.8-acknowledged-at-once/acknowledges-a-burst",
    ),
    "acknowledges-twice": ("7.5.2-lns-outgoing-call-states/wait-tunnel-closed-by-iut",),
    "disconnects-*it-gives-up": ("5.8-reliable-delivery-of-a-lac/reply-given-up",),
    "ppp-answers-*": (
        "5.8-out-of-turn/end-of-a-call",
        "5.3-data-messages/without-address-and-control",
        "3.1-data-header/of-no-tunnel",
        "9.5-proxy-authentication/own-authentication",
    ),
    "answers-the-last-call-first": (
        "5.8-acknowledged-in-part/first-of-several",
        "5.8-acknowledged-in-part/first-of-several-to-a-lac",
        "5.8-acknowledged-in-part/all-of-several",
    ),
    "ends-ppp-*": (
        "4.4.2-result-codes/hung-up",
        "7.2.1-control-connection-states/established-closed-by-iut",
        "7.4.1-lac-incoming-call-states/established-closed-by-iut",
        "7.4.2-lns-incoming-call-states/established-closed-by-iut",
        "7.5.1-lac-outgoing-call-states/established-closed-by-iut",
        "7.5.2-lns-outgoing-call-states/established-closed-by-iut",
    ),
    "gives-up-requests-sooner": ("5.1-control-connection-by-iut/unanswered-request",),
    "hangs-up-and-closes": (
        "5.5-hello/not-expected-by-a-lac",
        "5.6-outgoing-call-after-the-end/given-up-once",
        "7.0-late-messages/nothing-in-a-call",
        "7.5.1-lac-outgoing-call-states/wait-cs-answer-in-vain",
    ),
    "disconnects-*": (
        "4.1-avp-length/length-of-the-message-type",
        "4.4.1-message-type/unknown-mandatory-message",
        "6.4-stopccn/of-the-iut",
        "7.2.1-control-connection-states/established-closed-by-iut",
        "3.1-header-in-tunnel/length-within-avp",
    ),
    "calls-after-*": _LATE_CALL,
    "has-no-call-*": _LATE_CALL,
    "redials": (
        "6.12-cdn-to-a-lac/of-a-dialled-call",
        "4.1-avp-length/length-that-lies-to-a-lac",
        "rfc3145-disconnect-cause/with-m",
    ),
    "answers-after-*": (
        *_CROSSING,
        "6.1-sccrq/odd-value",
        "6.2-sccrp-malformed/hidden-length-too-large",
        "4.3-random-vector-first/sccrp",
        "5.1-control-connection-by-iut/request-repeated-until-reply",
        "7.5.1-lac-outgoing-call-states/established-out-of-sequence",
        "4.4.2-result-codes/no-session-left",
        "5.8-window/four-at-once",
        "5.8-acknowledged-in-part/all-of-several-to-a-lac",
    ),
    "hangs-up-after-*": (
        "5.5-hello/sent-when-idle",
        "5.5-hello/unanswered-hello-ends-tunnel-of-a-lac",
        "7.5.1-lac-outgoing-call-states/wait-cs-answer-in-vain",
    ),
    "at-most-16-tunnels": ("5.0-many-tunnels/tunnels-in-turn", "5.0-many-tunnels/tunnels-at-once"),
    "hears-anybody": (
        "9.1-messages-of-others/hello",
        "9.1-messages-of-others/stopccn",
        "3.1-header-in-tunnel/from-another-host-while-a-reply-waits",
        "3.1-header-in-tunnel/from-another-port",
    ),
    "answers-from-another-port": (
        "6.1-sccrq/reserved-bits-of-an-optional-avp",
        "6.4-stopccn/of-the-iut-to-a-bad-request",
        "5.1-control-connection-by-iut/reply-from-another-port",
    ),
    "sends-again-*": (
        "5.1-control-connection-by-iut/unanswered-request",
        "5.8-reliable-delivery/sccrp-retransmitted",
        "5.8-reliable-delivery-of-a-lac/reply-given-up",
        "5.5-hello/unanswered-hello-ends-tunnel",
        "5.8-after-closing/stopccn-comes-again",
        "5.1-control-connection/lost-sccrp",
        "5.8-loss-after-loss/not-added-up",
        "5.8-loss-after-loss/fresh-nr-each-time",
        "3.1-header-in-tunnel/from-another-port-while-a-reply-waits",
    ),
    "framing-capabilities-*": (*_CALLS_OUT, "4.4.2-result-codes/no-such-number"),
    "bearer-capabilities-*": (*_CALLS_OUT, "4.4.2-result-codes/no-such-number"),
    "one-call-in-a-tunnel": _CALLS_OUT,
    "says-something-unknown": _NEXT_NS,
    "hello-*": (
        *_NEXT_NS,
        *_WITHOUT_A_TRACE,
        "5.5-hello/unanswered-hello-ends-tunnel",
        "5.8-acknowledgements/by-a-message",
        "7.1-improper-messages/outgoing-on-incoming-call-of-a-lac",
        "7.5.1-lac-outgoing-call-states/established-cdn",
    ),
    "hides-*": (
        "5.1-control-connection-by-iut/response-with-the-wrong-secret",
        "5.1.1-tunnel-authentication/wrong-secret",
        "4.4.5-proxy-avps-by-iut/password-hidden",
    ),
    "closes-*": (
        "5.0-many-calls/ended-when-connected",
        "5.0-many-calls/ended-before-connected",
        "5.0-many-tunnels/silent-peer-holds-nobody-back",
        "5.6-session-teardown/id-is-free-after-cdn",
        "rfc3145-disconnect-cause/accepted",
        "5.5-hello/not-expected",
        "5.5-hello/sent-when-idle",
        "5.8-unreachable/until-it-is-given-up",
        "5.6-session-teardown/cdn-with-cause",
        "6.12-cdn/short-cause",
        "6.12-cdn/call-is-over",
        "6.13-wen-by-iut/from-zero-with-each-call",
        "7.4.1-lac-incoming-call-states/wait-reply-iccn",
        "4.4.3-tie-breaker/peer-alone-has-one",
        "4.4.3-tie-breaker/peer-wins",
    ),
    "with-a-*-tie-breaker": ("7.1-improper-messages/before-reply",),
    "no-calls-in-*": ("4.3-hiding/known-numbers",),
    "is-answered-*": ("5.8-reliable-delivery-of-a-lac/window-of-one",),
    "tells-the-mask-at-once": (
        "5.2.1-incoming-call/wen-on-call",
        "5.6-session-teardown/cdn-for-unknown-session",
        "6.14-sli-by-iut/mask-negotiated",
        "6.14-sli-by-iut/mask-changed",
        "7.1-improper-messages/unknown-session",
    ),
    "has-errors-at-once": (
        "4.4.1-message-type/unknown-mandatory-message-ends-calls",
        "7.1-improper-messages/session-zero",
        "4.4.2-result-codes/hung-up",
    ),
    "has-errors-soon": (
        "3.1-header-in-tunnel/unknown-version-discarded",
        "3.1-header-in-tunnel/random-octets",
        "6.13-wen/to-a-lac",
    ),
    "requires-sequencing": (
        "5.4-data-sequence-numbers/not-by-itself",
        "5.4-data-sequence-numbers/followed-by-a-lac",
    ),
    "many-*": (*_NEXT_NS, *_CALLS_OUT),
    "data-with-*": ("3.0-protocol-overview/echo-requests",),
}
