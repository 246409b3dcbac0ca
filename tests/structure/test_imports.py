"""Imports of the harness run one way: no circle among modules, and none from a layer upwards."""

from __future__ import annotations

from pathlib import Path

import harness
from tests.structure.imports import Graph, circles, graph_of, upward

PACKAGE = Path(harness.__file__).parent

LAYERS = (
    ("harness.__main__", "harness.pytest_plugin"),
    ("harness.cli",),
    ("harness.selftest", "harness.probe"),
    ("harness.report",),
    ("harness.run",),
    ("harness.device",),
    ("harness.peer.mutants", "harness.peer.lawful"),
    ("harness.suite", "harness.peer", "harness.capture"),
    ("harness.spec",),
    ("harness.wire",),
    ("harness.located",),
    ("harness.resources", "harness.command"),
    ("harness.errors",),
    ("harness",),
)
"""Parts of the package, from the top. Each imports those below it, and none beside it."""

HEIGHTS = {part: -depth for depth, parts in enumerate(LAYERS) for part in parts}


def graph(**imports: str) -> Graph:
    return {name: frozenset(others.split()) for name, others in imports.items()}


def test_no_circle_of_imports() -> None:
    found = circles(graph_of(PACKAGE))
    assert found == [], "\n".join(" <-> ".join(sorted(one)) for one in found)


def test_imports_run_down() -> None:
    found = upward(graph_of(PACKAGE), HEIGHTS)
    assert found == [], "\n".join(f"{module} imports {other}" for module, other in found)


def test_every_module_is_read() -> None:
    modules = graph_of(PACKAGE)
    assert len(modules) == len(list(PACKAGE.rglob("*.py")))
    assert "harness.wire.packet" in modules
    assert "harness.errors" in modules["harness.cli.app"]


def test_a_circle_is_found_where_the_import_stands_in_a_function_or_is_for_types(
    tmp_path: Path,
) -> None:
    package = tmp_path / "thing"
    (package / "part").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "a": "def late() -> None:\n    from thing.part import b\n",
        "part/__init__": "",
        "part/b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import thing.part.c\n",
        "part/c": "import thing.a as one\n",
        "d": "from thing.a import late\n",
    }.items():
        (package / f"{name}.py").write_text(text)
    assert circles(graph_of(package)) == [frozenset({"thing.a", "thing.part.b", "thing.part.c"})]


def test_circles_are_told_apart() -> None:
    found = circles(graph(a="b", b="a c", c="d", d="c e", e=""))
    assert found == [frozenset("ab"), frozenset("cd")]


def test_an_import_from_below_or_from_beside_is_upward() -> None:
    layers = {"top": 2, "left": 1, "right": 1, "top.low": 0}
    modules: Graph = {
        "top": frozenset({"left.x", "top.low"}),
        "left.x": frozenset({"left", "right", "top.low.y"}),
        "left": frozenset(),
        "right": frozenset({"top"}),
        "top.low.y": frozenset(),
        "top.low": frozenset({"top.low.y"}),
    }
    assert upward(modules, layers) == [("left.x", "right"), ("right", "top")]
