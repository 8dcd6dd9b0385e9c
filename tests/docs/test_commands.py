"""Every command that a page names exists; what a page marks ``sh`` runs, in order, in a folder of the page's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from docs.generate import PROGRAMS
from lookmatch_assets.feeds.formats.mapping import read_mapping
from lookmatch_assets.studies.definition import read_definition
from lookmatch_serving.api.openapi import openapi_document
from lookmatch_serving.settings import Settings
from lookmatch_serving.shop.retailers import read_retailers
from tests.docs.command_lines import check, check_mention, read_line
from tests.docs.pages import PAGES, ROOT, Block, blocks, inline_code, shell_lines

NOT_RUN = "not-run"
HISTORY = "CHANGELOG.md"
LANGUAGES = {"sh", "text", "mermaid", "json", "yaml", "csv", "python", "sql"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder: with the files that readers bring, and what the pages call them."""
    monkeypatch.chdir(tmp_path)
    for name in ("look.jpg", "look.png", "reference.png"):
        Image.new("RGB", (64, 96), "red" if name == "reference.png" else "white").save(tmp_path / name)
    for name in ("feed.xml", "here.json"):
        (tmp_path / name).touch()
    (tmp_path / "path/to/fashion-products").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def stores(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find this test's stores, and tell no Dagster instance."""
    for name in ("database_url", "redis_url"):
        monkeypatch.setenv(f"LOOKMATCH_{name.upper()}", getattr(settings, name).get_secret_value())
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


def save(block: Block, folder: Path) -> None:
    """Save what a page says is saved."""
    if block.file is not None:
        target = folder / block.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, encoding="utf-8")


def commands(page: str) -> Iterator[tuple[Block, str]]:
    return ((block, line) for block in blocks(page) if block.language == "sh" for line in shell_lines(block))


def test_blocks_say_what_they_are() -> None:
    odd = [
        (page, block.line, block.language, block.marks)
        for page in PAGES
        for block in blocks(page)
        if block.language not in LANGUAGES
        or any(mark != NOT_RUN and not mark.startswith("file=") for mark in block.marks)
        or (NOT_RUN in block.marks and block.language != "sh")
    ]
    assert odd == []


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))])
def test_commands_in_blocks_are_those_that_exist(page: str, folder: Path) -> None:
    for block in blocks(page):
        save(block, folder)
    wrong = []
    for block, line in commands(page):
        try:
            check(read_line(line))
        except (click.UsageError, AssertionError, ValueError) as error:
            message = error.format_message() if isinstance(error, click.UsageError) else str(error)
            wrong.append(f"{page}:{block.line}: {line}: {message}")
    assert wrong == []


def test_commands_in_sentences_are_those_that_exist() -> None:
    starts = tuple(f"{name} " for name in (*PROGRAMS, "make", *(f".venv/bin/{name}" for name in PROGRAMS)))
    named = [text for page in PAGES if page != HISTORY for text in inline_code(page) if text.startswith(starts)]
    assert len(named) > 30
    for text in named:
        check_mention(text)


@pytest.mark.parametrize("page", [page for page in PAGES if any(NOT_RUN not in block.marks for block, _ in commands(page))])
def test_blocks_that_are_not_marked_run(page: str, folder: Path, stores: None) -> None:
    for block in blocks(page):
        save(block, folder)
        for line in shell_lines(block) if block.language == "sh" and NOT_RUN not in block.marks else ():
            asked = read_line(line)
            assert asked.program in PROGRAMS, f"{page}:{block.line}: a test cannot run {asked.program}; mark the block {NOT_RUN}"
            done = CliRunner().invoke(PROGRAMS[asked.program], asked.arguments, catch_exceptions=False)
            assert done.exit_code == 0, f"{page}:{block.line}: {line}\n{done.output}"


def test_the_first_feed_of_the_guide_is_without_fault(folder: Path, stores: None) -> None:
    for block in blocks("docs/feeds.md"):
        save(block, folder)
    asked = ["feed", "doctor", "acme.jsonl", "--vendor", "acme", "--market", "IN", "--json"]
    report = json.loads(CliRunner().invoke(PROGRAMS["lookmatch"], asked, catch_exceptions=False).stdout)
    assert (report["records"], report["accepted"], report["issues"]) == (2, 2, [])


def test_the_files_that_pages_show_are_accepted(folder: Path) -> None:
    shown = {block.file: block for page in PAGES for block in blocks(page) if block.file}
    for block in shown.values():
        save(block, folder)
    assert read_definition(folder / "study.yaml").study_id == "clip-or-mini"
    assert set(read_retailers(folder / ".lookmatch")) == {"meridian", "northlane"}
    assert read_mapping("json-lines", "acme", folder / ".lookmatch/vendors").columns["vendor_product_id"] == ["ref"]
    assert [name for name, block in shown.items() if block.language == "yaml" and not yaml.safe_load(block.text)] == []


def test_addresses_in_commands_are_those_of_the_contract() -> None:
    paths = [path.split("{")[0] for path in openapi_document()["paths"]]
    asked = [
        word.removeprefix("http://127.0.0.1:8000")
        for page in PAGES
        for _, line in commands(page)
        for word in line.split()
        if word.startswith("http://127.0.0.1:8000/")
    ]
    assert asked
    assert [address for address in asked if not address.startswith(tuple(paths))] == []


def test_variables_that_pages_name_are_read_by_somebody() -> None:
    prefix = str(Settings.model_config["env_prefix"])
    known = {f"{prefix}{name}".upper() for name in Settings.model_fields}
    known |= {name for file in (ROOT / "tests").rglob("*.py") for name in _variables(file.read_text(encoding="utf-8"))}
    named = {name for page in PAGES for name in _variables((ROOT / page).read_text(encoding="utf-8"))}
    assert named - known == set()


def _variables(text: str) -> set[str]:
    words = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    return {word for word in words if word.startswith("LOOKMATCH_") and word.isupper()}
