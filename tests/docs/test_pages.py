"""What is made from the code is as the code is, what is linked is there, and no command or setting goes without a word."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from cogapp import Cog

from docs.generate import PROGRAMS, commands, package_diagram
from lookmatch_serving.settings import Settings
from tests.docs.pages import PAGES, ROOT, headings, inline_code, links

PATH = re.compile(r"^(lookmatch_serving|lookmatch_assets|dbt_catalog|benchmarks|tests|docs|deploy)/[\w./-]+$")
FEATURES = [
    "the size chart", "the price parser", "the outline on a look", "the promotion gate", "the quarantine's codes",
    "the duplicate groups", "the rate limit", "the rater's page", "the calibration curve", "the batch tagging",
]  # fmt: skip


def test_generated_parts_are_as_the_code_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    pages = [page for page in PAGES if page.startswith("docs/")]
    status = Cog().main(["cog", "--check", "--diff", "--verbosity=1", *pages])
    assert status == 0, f"run `make docs`\n{capsys.readouterr().out}"


def test_the_check_sees_a_page_that_differs(tmp_path: Path) -> None:
    stale = tmp_path / "stale.md"
    made = "<!-- [[[cog\nfrom docs.generate import settings_table\ncog.outl(settings_table())\n]]] -->\n{}<!-- [[[end]]] -->\n"
    stale.write_text(made.format("| `LOOKMATCH_FORGOTTEN` |\n"), encoding="utf-8")
    assert Cog().main(["cog", "--check", "--verbosity=0", str(stale)]) != 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_and_option_says_what_it_does(program: str) -> None:
    silent = [name for name, command, _ in commands(program) if not (command.help or "").strip()]
    silent += [
        f"{name} {option.opts[0]}"
        for name, command, _ in commands(program)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_has_a_section(program: str) -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8").splitlines()
    assert [name for name, _, _ in commands(program) if f"### `{name}`" not in page] == []


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_links_lead_somewhere() -> None:
    followed = [(page, link) for page in PAGES for link in links(page) if "://" not in link]
    assert len(followed) > 100
    assert [(page, link) for page, link in followed if not leads_somewhere(page, link)] == []


def leads_somewhere(page: str, link: str) -> bool:
    """Whether there is the file that a page links to, with the heading that it names."""
    path, _, anchor = link.partition("#")
    target = ((ROOT / page).parent / path if path else ROOT / page).resolve()
    return target.exists() and (not anchor or anchor in headings(target.relative_to(ROOT).as_posix()))


def test_files_that_are_named_exist() -> None:
    named = [(page, text) for page in PAGES for text in inline_code(page) if PATH.match(text)]
    assert named
    assert [(page, text) for page, text in named if not (ROOT / text).exists()] == []


def test_a_newcomer_finds_ten_features() -> None:
    lines = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").splitlines()
    table = lines[lines.index("## Where is ...?") :]
    rows = {cells[1].strip(): re.findall(r"\]\(\.\./([^)]+)\)", cells[2]) for line in table if len(cells := line.split("|")) == 4}
    assert [feature for feature in FEATURES if not rows.get(feature)] == []
    assert [path for paths in rows.values() for path in paths if not (ROOT / path).is_file()] == []


def test_every_decision_is_in_the_index_and_has_its_parts() -> None:
    folder = ROOT / "docs/adr"
    decisions = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert len(decisions) > 10
    listed = [link for link in links("docs/adr/README.md") if re.match(r"\d{4}-", link)]
    assert listed == [path.name for path in decisions]
    parts = ("Status", "Context", "Decision", "Consequences")
    lacking = [
        f"{path.name}: {part}" for path in decisions for part in parts if f"## {part}" not in path.read_text(encoding="utf-8")
    ]
    assert lacking == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_a_diagram_draws_arrows_of_the_code() -> None:
    drawn = package_diagram("lookmatch_serving.search")
    assert "retrieval" in drawn
    assert "-->" in drawn
    assert "models --> " not in drawn
