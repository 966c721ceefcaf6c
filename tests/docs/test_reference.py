"""The reference is what the code is, leaves nothing out, and says of everything what it does."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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
ASKED = {"text", "flag", "number", "words", "choice", "secret", "address", "url"}
_VARIABLE = r"[A-Z]+(?:_[A-Z]+)+"


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


def asked_of_the_environment() -> dict[str, list[Any]]:
    """Every variable that the code reads through ``Env``, with the defaults that are written out where it is asked."""
    found: dict[str, list[Any]] = {}
    for path in (
        *Path("webapp").rglob("*.py"),
        *Path("workers").rglob("*.py"),
        *Path("annotate").rglob("*.py"),
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ASKED
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and re.fullmatch(_VARIABLE, str(node.args[0].value))
            ):
                continue
            name = str(node.args[0].value)
            given = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "default")]
            found.setdefault(name, []).extend(one.value for one in given if isinstance(one, ast.Constant))
            if node.func.attr == "url":
                found[f"{name.removesuffix('_URL')}_PASSWORD"] = [""]
    return found


def documented_variables() -> dict[str, list[str]]:
    """The rows of the table in settings.md: default and meaning by variable."""
    rows: dict[str, list[str]] = {}
    for line in (REPOSITORY / "docs/settings.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in re.findall(rf"`({_VARIABLE})`", cells[0]) if len(cells) >= 3 else ():
            rows[name] = cells[1:]
    return rows


def is_said(default: Any, cell: str) -> bool:
    """Whether the cell tells this default: a number or a text as it is, a switch in words, nothing as no value."""
    if isinstance(default, bool):
        return cell.startswith("on" if default else "off")
    return f"`{default}`" in cell if default not in {"", None} else "`" not in cell


def test_every_variable_of_the_environment_has_a_default_and_a_meaning() -> None:
    asked, documented = asked_of_the_environment(), documented_variables()
    assert {"GRADUS_OIDC_ISSUER", "HF_ENDPOINT", "DATABASE_PASSWORD", "GRADUS_EMAIL_PORT"} <= asked.keys()
    assert not asked.keys() - documented.keys()
    assert not [name for name, (default, meaning, *_) in documented.items() if not default or not meaning]
    wrong = [
        name
        for name, defaults in asked.items()
        if defaults and not any(is_said(default, documented[name][0]) for default in defaults)
    ]
    assert not wrong


def test_no_variable_is_documented_that_nothing_reads() -> None:
    code = "\n".join(sources())
    said = [name.removesuffix("_FILE") for name in documented_variables()]
    # Most of OpenTelemetry's are read by its own library, and the password of an address by the address's name.
    assert not [
        name
        for name in said
        if name not in code and not name.startswith("OTEL_") and name.replace("_PASSWORD", "_URL") not in code
    ]
