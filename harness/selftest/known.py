"""What earlier self-tests have learnt: who kills whom. It only says where to look first.

Nothing in it is trusted: each pair is tried again, and where it no longer holds, or was never
learnt, the search begins from nothing. Without the file a self-test takes longer and says the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.errors import DataError, Place

FILE: Final = "self-test.json"


@dataclass(slots=True)
class Known:
    """killers: by mutant and role, the case that killed it, or in which a rule did. biters: by case
    without its axes, mutants that turn its instances red. witnesses: by weakening, the mutant, the
    role and the case that tell it from the original. unnoticed: weakenings for which no mutant was
    found yet, which is a debt: none may be added to them."""

    killers: dict[str, dict[str, str]] = field(default_factory=dict)
    biters: dict[str, list[str]] = field(default_factory=dict)
    witnesses: dict[str, list[str]] = field(default_factory=dict)
    unnoticed: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Known:
        """Read the file; nothing is known if there is none. DataError for one that is damaged."""
        if not path.is_file():
            return cls()
        try:
            data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                {str(key): _texts(value) for key, value in data["killers"].items()},
                {str(key): [str(one) for one in value] for key, value in data["biters"].items()},
                {str(key): [str(one) for one in value] for key, value in data["witnesses"].items()},
                [str(one) for one in data["unnoticed"]],
            )
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise DataError(
                "selftest.known",
                f"no file of a self-test: {error}",
                hint="remove it, and have it made again by `l2tp-harness selftest --update`",
                place=Place(str(path), 1, 1),
            ) from error

    def write(self, path: Path) -> None:
        """Write the file, sorted, one entry a line, so that two of them can be merged."""
        parts = []
        for name in ("killers", "biters", "witnesses"):
            entries = sorted(getattr(self, name).items())
            lines = ",\n".join(
                f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in entries
            )
            parts.append(f" {json.dumps(name)}: {{\n{lines}\n }}")
        listed = ",\n".join(f"  {json.dumps(one)}" for one in sorted(self.unnoticed))
        parts.append(f' "unnoticed": [\n{listed}\n ]')
        path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(one) for key, one in value.items()}
