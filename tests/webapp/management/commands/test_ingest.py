from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotate.export.actions import export_run
from annotate.models import Project, Trace
from tests.annotate.export.decided import a_decided_project
from tests.annotate.ingest.files import a_file, a_row
from tests.annotate.ingest.readers.reading import written
from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db


def run_command(*arguments: str | Path, out: StringIO | None = None, format: str = "jsonl") -> str:
    out = out or StringIO()
    call_command("ingest", *map(str, arguments), "--format", format, stdout=out)
    return " ".join(out.getvalue().split())


def test_report_counts_rows_and_locates_bad_ones(tmp_path: Path) -> None:
    project = a_project()
    printed = run_command(project.slug, a_file(tmp_path, a_row(), a_row("t2", steps=[])))
    assert "Done." in printed
    assert "created 1" in printed
    assert "rejected 1" in printed
    assert "line 2, steps: holds no step" in printed


def test_strict_failure_prints_the_reason_and_fails(tmp_path: Path) -> None:
    project, out = a_project(), StringIO()
    with pytest.raises(CommandError, match="1 of the rows cannot be taken"):
        run_command(project.slug, a_file(tmp_path, a_row(), "{"), "--strict", out=out)
    assert "line 2: this is not JSON" in out.getvalue()
    assert not Trace.objects.exists()


def test_file_without_a_good_row_fails(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        run_command(a_project().slug, a_file(tmp_path, "{}"))


def test_dry_run_says_that_nothing_was_written(tmp_path: Path) -> None:
    assert "Nothing was written" in run_command(a_project().slug, a_file(tmp_path, a_row()), "--dry-run")
    assert not Trace.objects.exists()


def test_create_makes_the_project_for_its_owner_once(tmp_path: Path) -> None:
    a_person("alice")
    path = a_file(tmp_path, a_row())
    for _ in range(2):
        run_command("sums", path, "--create", "--owner", "alice")
    project = Project.objects.get(slug="sums")
    assert project.memberships.get().person.username == "alice"
    assert project.traces.count() == 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ([], "no project named sums"),
        (["--create"], "needs an owner"),
        (["--create", "--owner", "zoe"], "nobody named zoe"),
        (["--create", "--owner", "alice", "--dry-run"], "a dry run makes none"),
    ],
)
def test_what_cannot_be_started_is_one_clear_line(tmp_path: Path, flags: list[str], reason: str) -> None:
    a_person("alice")
    with pytest.raises(CommandError, match=reason):
        run_command("sums", a_file(tmp_path, a_row()), *flags)
    with pytest.raises(CommandError, match="no file"):
        run_command("sums", tmp_path / "absent", *flags)
    assert not Project.objects.exists()


def test_markup_in_a_file_is_printed_as_it_is(tmp_path: Path) -> None:
    printed = run_command(a_project().slug, a_file(tmp_path, a_row(), a_row("t2") | {"[red]x": 1}))
    assert "[red]x: is not a field" in printed


def test_a_new_project_asks_by_the_rubric_that_is_named(tmp_path: Path) -> None:
    a_person("alice")
    run_command("sums", a_file(tmp_path, a_row()), "--create", "--owner", "alice", "--rubric", "first-error")
    rubric = Project.objects.get(slug="sums").rubric
    assert rubric is not None
    assert rubric.name == "First error"


def test_format_is_found_out_and_options_are_heeded(tmp_path: Path) -> None:
    project = a_project()
    path = a_file(tmp_path, {"frage": "2 + 3?", "weg": "Add. It is 5.", "gut": ["ja", "nein"]})
    options = (
        "--map problem=frage --map text=weg --map labels=gut --split sentence --rater ann --rater-kind person"
    )
    printed = run_command(
        project.slug, path, *options.split(), "--value", "ja=good", "--value", "nein=bad", format="auto"
    )
    assert "Read as table." in printed
    assert "labels written 2" in printed
    assert Trace.objects.get().n_steps == 2


def test_preview_shows_rows_as_they_would_come_in_and_writes_nothing(tmp_path: Path) -> None:
    path = a_file(tmp_path, a_row(gold={"first_error": 1}), a_row("t2", steps=[]), a_row("t3"), a_row("t4"))
    printed = run_command("no-such-project", path, "--preview", format="auto")
    assert "is read as jsonl. Nothing was written." in printed
    assert "trace t1 problem: Problem of t1 0 (thought): One. verdict at 0: good, by gold (gold)" in printed
    assert "line 2, steps: holds no step" in printed
    assert ("trace t3" in printed, "trace t4" in printed) == (True, False)
    assert not Trace.objects.exists()


def test_preview_says_what_it_leaves_out(tmp_path: Path) -> None:
    path = a_file(tmp_path, a_row(steps=["x" * 1000] + ["y"] * 50))
    printed = run_command("none", path, "--preview", "1")
    assert "(700 characters more)" in printed
    assert "and 11 more steps" in printed


def test_what_comes_in_besides_traces_is_counted(tmp_path: Path) -> None:
    row = {"prompt": "2 + 3?", "chosen": "5", "rejected": "6"}
    printed = run_command(a_project().slug, a_file(tmp_path, row), format="auto")
    assert "new pairs 1" in printed
    assert "labels left out: the rubric does not ask 1" in printed


def test_folder_is_one_data_set(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    a_file(data, a_row("t1"), name="train-00000-of-00002.jsonl")
    a_file(data, a_row("t2"), a_row("x", steps=[]), name="train-00001-of-00002.jsonl")
    a_file(data, a_row("t3"), name="test-00000-of-00001.jsonl")
    with pytest.raises(CommandError, match="several parts: test, train"):
        run_command(a_project().slug, tmp_path)
    printed = run_command(a_project(slug="two").slug, tmp_path, "--part", "train")
    assert "created 2" in printed
    assert "train-00001-of-00002.jsonl, line 2, steps: holds no step" in printed
    assert "created 3" in run_command(a_project(slug="three").slug, tmp_path, "--part", "all")


def test_a_release_comes_in_by_its_folder(tmp_path: Path) -> None:
    decided = a_decided_project(whole=("gg", "gg"), torn=("ggg", "gbg"))
    export_run(decided.run, tmp_path / "out", format="parquet")
    printed = run_command(a_project(slug="again").slug, tmp_path / "out", format="auto")
    assert "Read as steps." in printed
    assert "created 2" in printed


def test_problems_may_be_told_by_a_list(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "2 + 3? We add. It is 5."}, {"role": "assistant", "content": "+"}]
    path = written(tmp_path, {"conversations": turns})
    listed = written(tmp_path, {"question": "2 + 3?"}, name="problems.jsonl")
    printed = run_command(a_project().slug, path, "--problems", listed, "--preview", format="auto")
    assert "problem: 2 + 3? 0 (thought): We add. It is 5." in printed
    with pytest.raises(CommandError, match=r"There is no file .*nowhere\.jsonl"):
        run_command(a_project().slug, path, "--problems", tmp_path / "nowhere.jsonl", format="auto")


def test_preview_shows_a_ranking_by_its_letters(tmp_path: Path) -> None:
    ranks = [{"value": name, "rank": rank} for rank, name in enumerate("bca", 1)]
    forms = [{"user_id": "u1", "value": ranks, "status": "submitted"}]
    row = {"question": "2 + 3?", "a": "Six.", "b": "Five.", "c": "5.", "order": forms}
    printed = run_command(a_project().slug, written(tmp_path, row), "--preview", format="auto")
    assert "is read as argilla" in printed
    assert "ranking: b>c>a, by argilla/u1 (person)" in printed
    assert printed.index("Six.") < printed.index("b: trace") < printed.index("Five.")
