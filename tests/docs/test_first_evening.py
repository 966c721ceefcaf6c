"""The tutorial's commands are commands there are, with options they have and files that come along."""

from __future__ import annotations

import pytest
from django.core.management import load_command_class

from tests.docs.pages import commands, of_manage
from tests.paths import REPOSITORY
from webapp.setup_venv import EXTRAS

PAGE = "first-evening.md"


@pytest.mark.parametrize("words", of_manage(PAGE), ids=" ".join)
def test_a_command_is_one(words: list[str]) -> None:
    name, *rest = words
    if name == "setup":
        assert set(rest) <= set(EXTRAS)
        return
    app = "django.core" if name == "migrate" else "webapp"
    load_command_class(app, name).create_parser("manage.py", name).parse_args(rest)
    models = [word.partition(":")[2] for word in rest if word.startswith("transformers:")]
    assert all((REPOSITORY / model / "config.json").is_file() for model in models)
    assert all((REPOSITORY / word).is_file() for word in rest if word.startswith("fixtures/"))


def test_the_last_command_is_the_trainers() -> None:
    (words,) = (words for words in commands(PAGE) if words[1] == "docs/train_prm.py")
    assert words[2:] == ["release", "--model", "fixtures/models/judge", "--out", "prm"]
