"""SQL stands in files beside the package that owns it, where sqlfluff reads it; what sqlfluff cannot see is checked here."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("lookmatch_serving", "lookmatch_assets", "benchmarks")
MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.is_relative_to(ROOT / "lookmatch_assets" / "migrations")
]
VERB = re.compile(r"\s*(ALTER|ANALYZE|COPY|CREATE|DELETE|DROP|INSERT|MERGE|SELECT|SET|TRUNCATE|UPDATE|WITH)\s")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def beginning(node: ast.AST) -> str:
    """What a text begins with, as far as it is written down."""
    if isinstance(node, ast.BinOp):
        return beginning(node.left)
    if isinstance(node, ast.JoinedStr):
        return beginning(node.values[0]) if node.values else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def long_statements(tree: ast.Module) -> set[int]:
    """Lines at which a text of more than one line begins that is a statement, pieces put together included."""
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.JoinedStr | ast.Constant))
    return {node.lineno for node in texts if node.end_lineno != node.lineno and VERB.match(beginning(node))}


def calls_of(name: str, path: Path) -> list[ast.Call]:
    nodes = ast.walk(tree_of(path))
    return [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name]


@cache
def texts_of(folder: Path) -> set[object]:
    """Every text in the modules of a package, those of its sub-packages left out."""
    return {node.value for path in folder.glob("*.py") for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize(
    "source",
    [
        'run("SELECT a"\n    " FROM b")',
        'run(f"""\n    INSERT INTO {table} VALUES (1)""")',
        'run("DELETE FROM a" +\n    " WHERE b")',
    ],
)
def test_a_statement_over_several_lines_is_found_however_it_is_put_together(source: str) -> None:
    assert long_statements(ast.parse(source)) == {1}


def test_no_statement_in_python_is_longer_than_a_line() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in MODULES for line in sorted(long_statements(tree_of(path)))]
    assert found == []


def test_a_package_reads_no_statement_of_another() -> None:
    calls = [(path, call) for path in MODULES for call in calls_of("read_sql", path)]
    assert len(calls) > 50
    foreign = [f"{path.relative_to(ROOT)}:{call.lineno}" for path, call in calls if ast.unparse(call.args[0]) != "__package__"]
    assert foreign == []


def test_every_statement_that_a_module_names_is_there() -> None:
    named = [
        (path, call.args[1].value)
        for path in MODULES
        for call in calls_of("read_sql", path)
        if isinstance(call.args[1], ast.Constant)
    ]
    assert len(named) > 50
    assert [f"{path}: {name}" for path, name in named if not (path.parent / "sql" / f"{name}.sql").exists()] == []


def test_every_packaged_statement_is_named_by_its_own_package() -> None:
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("sql/*.sql"))
    assert len(files) > 100
    unnamed = {str(path.relative_to(ROOT)) for path in files if path.stem not in texts_of(path.parent.parent)}
    assert unnamed == set()
