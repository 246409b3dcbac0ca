"""Names with an underscore in front, and which module makes them; read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

OF_NAMEDTUPLES = frozenset({"_asdict", "_fields", "_make", "_replace"})
"""Public, whatever they look like."""
OF_OS = frozenset({"_exit"})


def borrowed(path: Path) -> set[str]:
    """Private names that a module uses, overrides or imports, and does not make itself.

    What is asked of `super()` is another class's, also where a method here has the same name.
    """
    tree = ast.parse(path.read_bytes())
    names = set(_used(tree)) - set(_made(tree)) | set(_asked_above(tree))
    return {name for name in names if _is_private(name)} - OF_NAMEDTUPLES - OF_OS


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def _asked_above(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Name) and called.id == "super":
                yield node.attr


def _made(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
