"""What the steps of a case have defined so far, and the steps that all its instances share."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.located import Node
from harness.suite.model import Step

Frozen = tuple[frozenset[str], frozenset[str], frozenset[str], bool]


@dataclass(slots=True)
class Defined:
    """The names of values, the series, the messages sent, and whether a preamble has run."""

    names: set[str]
    series: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    established: bool = False

    def freeze(self) -> Frozen:
        """All of it as it is now."""
        names, series, sent = map(frozenset, (self.names, self.series, self.sent))
        return names, series, sent, self.established

    def restore(self, frozen: Frozen) -> None:
        """All of it as it was then."""
        self.names, self.series, self.sent = map(set, frozen[:3])
        self.established = frozen[3]


class AlikeSteps:
    """Steps that were read without an error where no axis stands: the very node comes again."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, Frozen], tuple[Node, Step, Frozen]] = {}

    def find(self, node: Node, before: Defined) -> Step | None:
        """The step of that node, if it was read; `before` becomes what is defined behind it."""
        found = self._read.get((id(node), before.freeze()))
        if found is None:
            return None
        _, step, behind = found
        before.restore(behind)
        return step

    def keep(self, node: Node, before: Frozen, step: Step, behind: Defined) -> None:
        """What was read of a node. The node is kept as well, so that its `id` stays its own."""
        self._read[id(node), before] = (node, step, behind.freeze())
