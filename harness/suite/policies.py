"""References to points of the verdict policy: `P-21`."""

from __future__ import annotations

import re

from harness.located import Node

_POLICY = re.compile(r"P-[1-9][0-9]{0,3}")


def read_policy(node: Node) -> str:
    """One point of the verdict policy."""
    policy = node.text()
    if not _POLICY.fullmatch(policy):
        raise node.fail(
            "suite.policy",
            f"{policy!r} is no point of the verdict policy",
            hint="they are written P-1, P-2, …",
        )
    return policy
