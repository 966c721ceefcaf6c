"""The reference is what the code is, leaves nothing out, and says of everything what it does."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotate.consensus.registry import POLICIES
from annotate.export.registry import FORMATS
from annotate.ingest.presets import GALLERY
from annotate.ingest.readers import READERS
from annotate.label.shortcuts import SHORTCUTS
from annotate.prelabel.strategies import STRATEGIES
from tests.paths import REPOSITORY
from webapp.management.commands import reference
from webapp.management.reference.pages import PAGES
from webapp.management.reference.said import Undescribed, settings_table

REFERENCE = REPOSITORY / "docs" / "reference"
# The questions that Env answers.
ASKED = {"text", "flag", "number", "words", "choice", "secret"}


def test_every_page_is_as_the_code_is() -> None:
    call_command("reference", "--check")
    assert {path.name for path in REFERENCE.iterdir()} == PAGES.keys()


def test_a_page_that_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "PAGES", {"keys.md": lambda: "# Other keys\n"})
    with pytest.raises(CommandError, match=r"keys\.md"):
        call_command("reference", "--check")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("strategies.md", STRATEGIES.keys()),
        ("policies.md", POLICIES.keys()),
        ("formats.md", READERS.keys() | FORMATS.keys()),
        ("rubrics.md", GALLERY.keys()),
        ("keys.md", {shortcut.key for shortcut in SHORTCUTS}),
        (
            "commands.md",
            {path.stem for path in (REPOSITORY / "webapp/management/commands").glob("[a-z]*.py")},
        ),
    ],
)
def test_nothing_is_left_out(name: str, keys: set[str]) -> None:
    text = (REFERENCE / name).read_text()
    missing = [key for key in keys if f"`{key}`" not in text and f"# {key}\n" not in text]
    assert not missing


def test_a_setting_without_a_word_about_it_is_refused() -> None:
    @dataclass(frozen=True)
    class Mute:
        """``told`` is said here. It is a number."""

        told: int = 1
        shrouded: int = 2

    with pytest.raises(Undescribed, match=r"Mute\.shrouded"):
        settings_table(Mute)


def test_what_a_class_says_comes_before_what_all_share() -> None:
    @dataclass(frozen=True)
    class Loud:
        """Calls go on.

        It ends at ``seed`` | here. Something else.
        """

        seed: int = 1

    assert settings_table(Loud).endswith(r"| `seed` | a whole number | `1` | It ends at `seed` \| here. |")


@cache
def sources() -> list[str]:
    """The files that name a variable at all; what annotate knows of the environment it is told."""
    paths = (path for folder in ("webapp", "workers") for path in Path(folder).rglob("*.py"))
    return [text for text in (path.read_text() for path in paths) if re.search("GRADUS_|DATABASE_", text)]


def asked_of_the_environment() -> dict[str, str]:
    """Every variable that the code reads through ``Env``, with its default where that is written out."""
    found: dict[str, str] = {}
    for path in (
        *Path("webapp").rglob("*.py"),
        *Path("workers").rglob("*.py"),
        *Path("annotate").rglob("*.py"),
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ASKED
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and re.fullmatch(r"(GRADUS|DATABASE)_[A-Z_]+", str(node.args[0].value))
            ):
                default = node.args[1] if len(node.args) > 1 else None
                is_plain = isinstance(default, ast.Constant) and default.value
                found[str(node.args[0].value)] = str(default.value) if is_plain else ""  # type: ignore[union-attr]
    return found


def documented_variables() -> dict[str, list[str]]:
    """The rows of the table in settings.md: default and meaning by variable."""
    rows: dict[str, list[str]] = {}
    for line in (REPOSITORY / "docs/settings.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in re.findall(r"`((?:GRADUS|DATABASE)_[A-Z_]+)`", cells[0]) if len(cells) >= 3 else ():
            rows[name] = cells[1:]
    return rows


def test_every_variable_of_the_environment_has_a_default_and_a_meaning() -> None:
    asked, documented = asked_of_the_environment(), documented_variables()
    assert len(asked) > 15
    assert not asked.keys() - documented.keys()
    assert not [name for name, (default, meaning, *_) in documented.items() if not default or not meaning]
    # A number of seconds may be said in words there; a text is said as it is.
    wrong = [
        name
        for name, default in asked.items()
        if default and not default.replace("_", "").isdigit() and default not in documented[name][0]
    ]
    assert not wrong


def test_no_variable_is_documented_that_nothing_reads() -> None:
    code = "\n".join(sources())
    assert not [name for name in documented_variables() if name.removesuffix("_FILE") not in code]
