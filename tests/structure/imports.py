"""Which module of a package imports which, read from the code; nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, frozenset[str]]
"""The modules that each module imports."""


def graph_of(package: Path) -> Graph:
    """The imports within a package: also those in functions, and those for types only."""
    modules = {_name(path, package.parent): path for path in package.rglob("*.py")}
    return {name: frozenset(_imported(path, modules) - {name}) for name, path in modules.items()}


def _name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    names = {
        f"{module}.{name}" if f"{module}.{name}" in modules else module
        for module, name in _named(ast.parse(path.read_bytes()))
    }
    return names & modules.keys()


def _named(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The modules named in import statements, each with what is taken out of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "the package names its modules in full"
            assert not node.level, "the package names its modules in full"
            yield from ((node.module, alias.name) for alias in node.names)


def circles(graph: Graph) -> list[frozenset[str]]:
    """Sets of modules of which each imports all others, directly or by way of others."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        reached: set[str] = set()
        ahead = [start]
        while ahead:
            new = graph[ahead.pop()] - reached
            reached |= new
            ahead += new
        reach[start] = reached
    found = {
        frozenset(other for other in reached if start in reach[other])
        for start, reached in reach.items()
        if start in reached
    }
    return sorted(found, key=sorted)


def upward(graph: Graph, layers: Mapping[str, int]) -> list[tuple[str, str]]:
    """Imports from a layer into one above it, or into another one of the same height.

    layers: the height of each part of the package. KeyError for a module that is in none.
    """

    def part(module: str) -> str:
        return next(one for one in _parents(module) if one in layers)

    found = []
    for module, imported in graph.items():
        for other in imported:
            here, there = part(module), part(other)
            if here != there and layers[there] >= layers[here]:
                found.append((module, other))
    return sorted(found)


def _parents(module: str) -> Iterator[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]
    raise KeyError(module)
