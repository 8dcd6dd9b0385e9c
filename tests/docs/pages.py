"""The project's Markdown pages, read as Markdown: their fenced blocks, inline code and links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "lookmatch_serving/encoders").rglob("*.md"))
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, the line it begins at and what it holds."""

    language: str
    marks: tuple[str, ...]
    line: int
    text: str

    @property
    def file(self) -> str | None:
        """Where the page says that this is saved, below the reader's folder."""
        return next((mark.removeprefix("file=") for mark in self.marks if mark.startswith("file=")), None)


def blocks(page: str) -> list[Block]:
    return [
        Block((words := token.info.split() or [""])[0], tuple(words[1:]), (token.map or [0])[0] + 1, token.content)
        for token in _tokens(page)
        if token.type == "fence"
    ]


def inline_code(page: str) -> list[str]:
    return [token.content for token in _inline(page) if token.type == "code_inline"]


def links(page: str) -> list[str]:
    found = [token.attrGet("href") or token.attrGet("src") for token in _inline(page) if token.type in {"link_open", "image"}]
    return [str(link) for link in found if link]


def headings(page: str) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    tokens = _tokens(page)
    texts = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    return {"".join(c for c in text.lower().replace(" ", "-") if c.isalnum() or c in "-_") for text in texts}


def shell_lines(block: Block) -> list[str]:
    """Commands of a block: continued lines joined, comments and empty lines left out."""
    joined = block.text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _tokens(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8"))


def _inline(page: str) -> Iterator[Token]:
    for token in _tokens(page):
        yield from token.children or ()
