from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotate.export.actions import build_release
from tests.annotate.export.decided import Decided, a_decided_project
from tests.factories import a_comparing_project, a_pair, a_pair_label, a_rater, some_attempts

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("export", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def decided() -> Decided:
    return a_decided_project(whole=("gn", "gn"))


def test_the_command_writes_a_data_set(decided, tmp_path):
    out = run_command("sums", str(tmp_path / "out"), "--format", "trl_stepwise", "--set", "neutral=false")

    row = json.loads((tmp_path / "out/data/train.jsonl").read_text())
    assert row["labels"] == [True, False]
    assert "data/train.jsonl" in out
    assert "steps written: 2" in out


def test_the_command_copies_a_release(decided, tmp_path, settings):
    settings.RELEASES_DIR = tmp_path / "store"
    build_release(decided.project, folder=settings.RELEASES_DIR, format="parquet")

    run_command("sums", str(tmp_path / "out"), "--release", "1")

    assert (tmp_path / "out/data/steps.parquet").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Say which --format: trl_stepwise, soft_labels"),
        (("--format", "trl_stepwise", "--policy", "lessons"), "consensus sums --policy lessons"),
        (("--format", "trl_stepwise", "--run", "999"), "no run 999"),
        (("--release", "9"), "no release 9"),
        (("--release", "1", "--format", "parquet"), "leave out --format"),
        (
            ("--format", "trl_stepwise", "--set", "neutral=maybe"),
            "field neutral: must be one of true, false, drop",
        ),
    ],
)
def test_a_mistake_is_one_clear_line_and_no_file(decided, tmp_path, arguments, message):
    with pytest.raises(CommandError, match=message):
        run_command("sums", str(tmp_path / "out"), *arguments)
    assert not list(Path(tmp_path).iterdir())


def test_the_command_writes_what_people_prefer(tmp_path):
    project = a_comparing_project(slug="fruit")
    a_pair_label(a_rater(project), a_pair(*some_attempts(project, "one", "two")), "right")

    out = run_command("fruit", str(tmp_path / "out"), "--format", "preference")

    row = json.loads((tmp_path / "out/data/train.jsonl").read_text())
    assert (row["chosen"], row["rejected"]) == ("two", "one")
    assert "preferences written: 1" in out
    with pytest.raises(CommandError, match="leave out --run and --policy"):
        run_command("fruit", str(tmp_path / "more"), "--format", "preference", "--policy", "lessons")
