"""Suites read from a folder: every `*.yaml` below it but the specification tables in `spec/`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import DataError, DataErrors, Place
from harness.located import Node, load, loads
from harness.spec.model import Specification
from harness.suite.cases import CaseReader
from harness.suite.grammar import FILE_KEYS
from harness.suite.model import Case, Suite
from harness.suite.reader import Reader
from harness.suite.values import plain_text

TABLES_FOLDER = "spec"
_SUFFIXES = (".yaml", ".yml")
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def load_suites(
    folder: Path,
    specification: Specification,
    capabilities: Mapping[str, str],
    *,
    given: Iterable[str] = (),
) -> tuple[Suite, ...]:
    """All suites below a folder, or the one in a file, in the order of their names.

    `capabilities`: what `requires` may name. `given`: variables that the runner defines before the
    first step. Raises DataErrors with every error of every file, DataError if there is no suite.
    """
    reader = Reader(specification, capabilities, frozenset(given))
    suites = []
    stems: dict[str, Path] = {}
    for path in suite_files(folder):
        if path.stem in stems:
            reader.errors.append(
                DataError(
                    "suite.file-name",
                    f"another suite is called {path.stem!r} as well: {stems[path.stem]}",
                    place=Place(str(path)),
                )
            )
            continue
        stems[path.stem] = path
        with reader.caught():
            suites.append(read_suite(reader, load(path), path))
    if reader.errors:
        raise DataErrors(sorted(reader.errors, key=_order))
    return tuple(suites)


def loads_suite(
    text: str,
    specification: Specification,
    capabilities: Mapping[str, str],
    *,
    name: str = "suite.yaml",
    given: Iterable[str] = (),
) -> Suite:
    """One suite from a text; `name` is what errors and ids call its file. Raises DataErrors."""
    reader = Reader(specification, capabilities, frozenset(given))
    suite = None
    with reader.caught():
        suite = read_suite(reader, loads(text, name), Path(name))
    if suite is None or reader.errors:
        raise DataErrors(sorted(reader.errors, key=_order))
    return suite


def suite_files(folder: Path) -> tuple[Path, ...]:
    """The suite files of a folder, 4.2 before 4.10. Raises DataError if there are none."""
    if folder.is_file():
        return (folder,)
    if not folder.is_dir():
        raise DataError(
            "suite.folder", f"no such folder: {folder}", hint="a folder with *.yaml suites in it"
        )
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES and path.is_file() and not _passed_over(path, folder)
    ]
    if not found:
        raise DataError("suite.folder", f"no suite in {folder}", hint="suites are *.yaml files")
    return tuple(sorted(found, key=_natural))


def read_suite(reader: Reader, root: Node, path: Path) -> Suite:
    """The suite of one file. Errors are kept in the reader; DataError if it is no suite at all."""
    if not _STEM.fullmatch(path.stem):
        reader.errors.append(
            root.fail("suite.file-name", f"{path.stem!r} cannot stand in the id of a case")
        )
    if root.is_null:
        raise root.fail("suite.empty", "an empty file is no suite")
    entries = reader.entries(root, FILE_KEYS, owner="a suite")
    with reader.caught():
        entries["spec"].choice(reader.specification.names, "specification")
    cases_node = entries["cases"]
    cases_reader = CaseReader(reader, path.stem, entries.get("defaults"))
    cases: list[Case] = []
    names = cases_node.mapping()
    if not names:
        raise cases_node.fail("suite.empty", "a suite without cases")
    for name in names:
        with reader.caught():
            cases += cases_reader.read(cases_node, name)
    return Suite(
        name=path.stem,
        title=plain_text(entries["title"]),
        specification=reader.specification.name,
        cases=tuple(cases),
        path=str(path),
    )


def _passed_over(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return parts[0] == TABLES_FOLDER or any(part.startswith(".") for part in parts)


def _natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers within a name by their value."""
    words = re.split(r"([0-9]+)", str(path))
    return tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)


def _order(error: DataError) -> tuple[str, int, int]:
    place = error.place
    return (place.file, place.line, place.column) if place else ("", 0, 0)
