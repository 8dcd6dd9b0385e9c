"""Command lines as the pages write them, held against the commands that there are."""

from __future__ import annotations

import re
import shlex
import subprocess
from contextlib import suppress
from dataclasses import dataclass

import click

from docs.generate import PROGRAMS
from tests.docs.pages import ROOT

_ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
_FREE = re.compile(r"^(curl|export|apt-get|cd|git)\b")


@dataclass(frozen=True)
class CommandLine:
    """A command line: the program's name as in ``PROGRAMS``, ``make``, ``pytest`` or another program's, and its arguments."""

    program: str
    arguments: tuple[str, ...]


def read_line(line: str) -> CommandLine:
    """A command line without its variables, comment and pipe.

    Raises:
        ValueError: it is not written as a shell reads it.
    """
    words = shlex.split(line, comments=True)
    words = words[: words.index("|")] if "|" in words else words
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    words = [words[0].removeprefix(".venv/bin/"), *words[1:]]
    for start, name in ((["python", "-m", "pytest"], "pytest"), (["python", "-m", "benchmarks"], "python -m benchmarks")):
        if words[: len(start)] == start:
            return CommandLine(name, tuple(words[len(start) :]))
    return CommandLine(words[0], tuple(words[1:]))


def check(line: CommandLine) -> None:
    """Hold a command line against what there is: a command with these options and files, make targets, test files.

    Raises:
        click.UsageError: the command would refuse it.
        AssertionError: it names a target, variable or file that is not there, or a program that nothing is known of.
    """
    if line.program in PROGRAMS:
        parse(PROGRAMS[line.program], line.program, list(line.arguments))
    elif line.program == "make":
        check_make(line.arguments)
    elif line.program == "pytest":
        files = [word for word in line.arguments if word.startswith("tests/")]
        assert files, "pytest is called with the file that is meant"
        assert [word for word in files if not (ROOT / word.split("::")[0]).exists()] == []
    else:
        assert _FREE.match(line.program), f"nothing is known of the program {line.program}"


def parse(command: click.Command, name: str, arguments: list[str], parent: click.Context | None = None) -> None:
    """Let click read the arguments as it does before it runs a command, subcommands included.

    Raises:
        click.UsageError: a command, option, value or file does not exist.
    """
    with suppress(click.exceptions.Exit):
        context = command.make_context(name, arguments, parent=parent)
        rest = [*context._protected_args, *context.args]
        if isinstance(command, click.Group) and rest:
            found, subcommand, arguments = command.resolve_command(context, rest)
            assert subcommand is not None
            parse(subcommand, found or "", arguments, context)


def check_make(words: tuple[str, ...]) -> None:
    """Ask make whether it would make the targets, and the Makefile whether it reads the variables."""
    variables = [word.partition("=")[0] for word in words if "=" in word]
    targets = [word for word in words if "=" not in word]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [name for name in variables if not re.search(rf"^{name}\s*\?=", makefile, re.MULTILINE)] == []
    asked = subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr


def check_mention(text: str) -> None:
    """Hold a command that a sentence names: its subcommands and options must exist, its arguments may be placeholders.

    Raises:
        AssertionError: the command has no such subcommand or option.
    """
    line = read_line(text)
    if line.program == "make":
        return check_make(line.arguments)
    command, words = PROGRAMS[line.program], list(line.arguments)
    context = click.Context(command, info_name=line.program)
    while isinstance(command, click.Group) and words and not words[0].startswith("-") and not words[0].isupper():
        found = command.get_command(context, words.pop(0))
        assert found is not None, f"{text}: there is no such command"
        command = found
    known = {option for parameter in command.params for option in parameter.opts}
    assert [word for word in words if word.startswith("--") and word not in known] == [], text
    return None
