"""No module of the harness reaches into what another keeps to itself."""

from __future__ import annotations

from pathlib import Path

from tests.structure.privates import borrowed
from tests.structure.test_imports import PACKAGE


def test_no_module_uses_a_private_name_of_another() -> None:
    found = {path.relative_to(PACKAGE): borrowed(path) for path in PACKAGE.rglob("*.py")}
    assert {str(path): names for path, names in found.items() if names} == {}


def test_names_that_are_borrowed_are_found(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text(
        "from other import _taken, Other\n"
        "class One(Other):\n"
        "    _own = 1\n"
        "    def _hook(self):\n"
        "        return super()._hook()\n"
        "    def run(self):\n"
        "        self._kept = self._own\n"
        "        return self._kept, self._inherited, self.public, self.__class__\n"
    )
    assert borrowed(path) == {"_taken", "_hook", "_inherited"}
