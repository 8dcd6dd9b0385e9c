"""The parts of ``docs/`` that are made: commands, settings and arrows between packages from the code, the list of decisions.

cog (cogapp, as datasette's docs use it) calls these from comments in the Markdown files. ``make docs`` writes what they return
between the comments, and a test fails while a page differs from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
import grimp
import networkx

from benchmarks.__main__ import benchmarks
from lookmatch_assets.cli.main import lookmatch
from lookmatch_serving.settings import Settings

PROGRAMS: Mapping[str, click.Command] = {"lookmatch": lookmatch, "python -m benchmarks": benchmarks}
"""Every command line of the project, by the words it starts with."""

_DECISIONS = Path(__file__).parent / "adr"
_HELP_WIDTH = 110
_KINDS = {
    "array": "list, by commas",
    "boolean": "`true`, `false`",
    "path": "path",
    "password": "text, kept out of logs",
    "string": "text",
}
_DRAWN = ("lookmatch_serving", "lookmatch_assets", "benchmarks")


def commands(program: str, command: click.Command | None = None) -> Iterator[tuple[str, click.Command, click.Context]]:
    """A program and all its commands, each after its group and otherwise by name: full name, command, and a context for help.

    Args:
        program: how the command line starts, such as ``lookmatch``.
        command: what it runs; that of ``PROGRAMS`` when left out.
    """
    command = command or PROGRAMS[program]
    context = click.Context(command, info_name=program, terminal_width=_HELP_WIDTH, max_content_width=_HELP_WIDTH)
    yield program, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from commands(f"{program} {name}", found)


def command_reference(program: str) -> str:
    """The help of a program and of each of its commands, as Markdown sections."""
    return "\n\n".join(
        f"### `{name}`\n\n```text\n{command.get_help(context)}\n```" for name, command, context in commands(program)
    )


def settings_table() -> str:
    """Every setting as a row: its environment variable, what is accepted, its default and its meaning."""
    prefix = Settings.model_config["env_prefix"]
    rows = ["| variable | accepted | default | meaning |", "|---|---|---|---|"]
    for name, schema in Settings.model_json_schema()["properties"].items():
        variable = name if name.isupper() else f"{prefix}{name}".upper()
        meaning = " ".join(str(schema.get("description", "")).replace("``", "`").split())
        cells = (f"`{variable}`", _accepted(schema), _default(schema.get("default")), meaning)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def package_diagram(root: str) -> str:
    """The imports between the packages directly below a package, as a Mermaid flowchart.

    An arrow goes from who imports to what is imported. It is left out where a way over other packages leads there, so that the
    drawing stays readable; packages that import each other in a circle are drawn with every arrow. Modules beside the packages
    are not drawn.

    Args:
        root: dotted name of a package, for example ``lookmatch_serving.search``.
    """
    arrows = networkx.DiGraph(sorted(_imports_between(root)))
    arrows.add_nodes_from(sorted(_packages(root)))
    reduced = networkx.transitive_reduction(arrows) if networkx.is_directed_acyclic_graph(arrows) else arrows
    short = {package: package.removeprefix(f"{root}.") for package in arrows}
    lines = [f"    {name}" for name in sorted(short[node] for node in networkx.isolates(reduced))]
    lines += sorted(f"    {short[importer]} --> {short[imported]}" for importer, imported in reduced.edges)
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def house_diagram() -> str:
    """The imports between the distributed packages and the benchmarks, as a Mermaid flowchart."""
    owner = {module: module.split(".")[0] for module in _import_graph().modules}
    lines = sorted(f"    {importer} --> {imported}" for importer, imported in _between(owner))
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


def decision_list() -> str:
    """The decisions of ``docs/adr`` by number, each linked by its title."""
    titles = {path.name: path.read_text(encoding="utf-8").partition("\n")[0] for path in _DECISIONS.glob("[0-9]*.md")}
    return "\n".join(f"- [{name[:4]}]({name}) {title.partition('. ')[2]}" for name, title in sorted(titles.items()))


@cache
def _import_graph() -> grimp.ImportGraph:
    return grimp.build_graph(*_DRAWN, cache_dir=None)


def _packages(root: str) -> Iterable[str]:
    graph = _import_graph()
    return [child for child in graph.find_children(root) if graph.find_children(child)]


def _imports_between(root: str) -> set[tuple[str, str]]:
    graph = _import_graph()
    return _between({m: package for package in _packages(root) for m in {package} | graph.find_descendants(package)})


def _between(owner: Mapping[str, str]) -> set[tuple[str, str]]:
    """Pairs of different owners of which one has a module that imports a module of the other."""
    graph = _import_graph()
    return {
        (importer, owner[module])
        for name, importer in owner.items()
        for module in graph.find_modules_directly_imported_by(name)
        if module in owner and owner[module] != importer
    }


def _accepted(schema: Mapping[str, Any]) -> str:
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    return " or ".join(_accepted_of(kind) for kind in kinds)


def _accepted_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "minimum" in schema:
        unbounded = "maximum" not in schema
        return f"{schema['type']}, {schema['minimum']}{' or more' if unbounded else ' to ' + str(schema['maximum'])}"
    if "pattern" in schema:
        return "web address"
    kind = str(schema.get("format", schema["type"]))
    return _KINDS.get(kind, kind)


def _default(value: object) -> str:
    if value is None or value == []:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
