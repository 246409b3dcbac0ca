"""`${name}` in commands and actions, and Jinja2 in the configuration files of a device.

Every unknown name is found when peer.yaml is read, not when a device starts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.device.description.template import PlainValue, Template
from harness.errors import DataError, Place
from harness.located import suggest

if TYPE_CHECKING:
    import jinja2

_PLACEHOLDER = re.compile(r"\$\$|\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def names_in(template: Template) -> Iterator[str]:
    """The names that a template refers to. DataError where `${` is not followed by a name."""
    for match in _PLACEHOLDER.finditer(template.text):
        name = match[1]
        if name is None:
            continue
        if not _NAME.fullmatch(name):
            raise DataError(
                "device.placeholder",
                f"{match[0]!r} is not ${{name}}",
                hint="write $$ for a dollar sign",
                place=template.place,
            )
        yield name


def check(template: Template, known: Collection[str]) -> None:
    """Raise DataError when the template refers to a name that is not known."""
    for name in names_in(template):
        if name not in known:
            raise _unknown(name, known, template.place)


def fill(template: Template, values: Mapping[str, PlainValue]) -> str:
    """The text with each `${name}` replaced and each `$$` as a dollar sign.

    Raises DataError for a name that is unknown or has no value.
    """
    check(template, values)

    def value_of(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        value = values[match[1]]
        if value is None:
            raise DataError(
                "device.no-value", f"${{{match[1]}}} has no value here", place=template.place
            )
        return text_of(value)

    return _PLACEHOLDER.sub(value_of, template.text)


def text_of(value: PlainValue) -> str:
    """A value as it is put into a text: true and false as in YAML, 60.0 as 60."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def check_file(path: Path, known: Collection[str]) -> None:
    """Raise DataError when a Jinja2 template does not compile or names something unknown."""
    for name, line in _names_and_lines(path):
        if name not in known:
            raise _unknown(name, known, Place(str(path), line, 1))


def names_in_file(path: Path) -> set[str]:
    """The names that a Jinja2 template takes from outside."""
    return {name for name, _line in _names_and_lines(path)}


def _names_and_lines(path: Path) -> Iterator[tuple[str, int]]:
    import jinja2.meta
    import jinja2.nodes

    environment = _jinja()
    try:
        tree = environment.parse(_source(path))
    except jinja2.TemplateSyntaxError as error:
        raise DataError(
            "device.template", str(error.message), place=Place(str(path), error.lineno, 1)
        ) from error
    undeclared = jinja2.meta.find_undeclared_variables(tree) - environment.globals.keys()
    for node in tree.find_all(jinja2.nodes.Name):
        if node.name in undeclared:
            yield node.name, node.lineno


def render_file(path: Path, values: Mapping[str, PlainValue]) -> str:
    """A Jinja2 template filled in. Raises DataError when that fails."""
    import jinja2

    try:
        return _compiled(_source(path)).render(values)
    except jinja2.TemplateError as error:
        raise DataError(
            "device.template", f"{error.message or error}", place=Place(str(path))
        ) from error


@lru_cache(maxsize=64)
def _compiled(source: str) -> jinja2.Template:
    """Compiling takes as long as a daemon needs to start, and every lease renders the same."""
    return _jinja().from_string(source)


def _jinja() -> jinja2.Environment:
    import jinja2

    # These are configuration files of daemons: there is nothing to escape for
    return jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            "device.template", f"{path}: {error.strerror}", place=Place(str(path))
        ) from error
    except UnicodeDecodeError as error:
        raise DataError("device.template", "this is not UTF-8", place=Place(str(path))) from error


def _unknown(name: str, known: Collection[str], place: Place) -> DataError:
    return DataError(
        "device.unknown-name", f"unknown name {name!r}", hint=suggest(name, known), place=place
    )
