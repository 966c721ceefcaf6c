from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotate.enums import RunState, UnitState
from annotate.models import Label, Project, Run
from annotate.prelabel.actions import open_run
from annotate.prelabel.audit.actions import audits_of
from annotate.prelabel.strategies import STRATEGIES
from tests.annotate.prelabel.worlds import a_rich_project, an_entry, traces_of
from tests.factories import a_project, a_trace
from tests.paths import REPOSITORY
from tests.workers.site import a_script, a_site
from workers.calibration import settings_beside

pytestmark = pytest.mark.django_db


def called(*arguments: object, **options: Any) -> str:
    out = io.StringIO()
    call_command("prelabel", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def project() -> Project:
    project = a_project(slug="sums")
    for i in range(3):
        a_trace(project, texts=[f"{i} + 2 = {i + 2}.\n", f"{i} + 2 = {i + 3}.\n"])
    return project


def test_a_verifier_runs_here_and_says_what_came_of_it(project: Project) -> None:
    said = called(project.slug, "--strategy", "verifier/arithmetic", "--here")
    run = Run.objects.get()
    assert run.state == RunState.DONE
    assert "3 of 3 traces" in said
    assert f"6 labels by {run.rater} on Verdict" in said
    assert Label.objects.filter(value="bad").count() == 3


def test_settings_limit_criterion_and_name_reach_the_run(project: Project, tmp_path: Path) -> None:
    script = a_script(tmp_path / "script.json", success=1.0)
    options = ("--set", "k=4", "--limit", 2, "--criterion", "verdict", "--rater", "rollout/mine@1")
    called(project.slug, "--strategy", "rollout/scan", "--backend", script, *options, "--here")
    run = Run.objects.get()
    assert (run.settings["k"], run.units.count(), run.criterion.key) == (4, 2, "verdict")
    assert str(run.rater) == "rollout/mine@1"


def test_a_run_that_is_not_waited_for_is_queued_and_says_how_to_follow_it(project: Project) -> None:
    said = called(project.slug, "--strategy", "verifier/arithmetic", "--no-wait")
    run = Run.objects.get()
    assert run.state == RunState.QUEUED
    assert f"--resume {run.pk}" in said
    assert f"--cancel {run.pk}" in said
    assert "stops" in called(project.slug, "--cancel", run.pk)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    with pytest.raises(CommandError, match="was over"):
        called(project.slug, "--cancel", run.pk)
    with pytest.raises(CommandError, match="--retry-failed"):
        called(project.slug, "--resume", run.pk)
    called(project.slug, "--retry-failed", run.pk, "--here")
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_failed_traces_are_an_exit_code_with_the_reason(project: Project, tmp_path: Path) -> None:
    missing = f"scripted:{tmp_path / 'absent.json'}"
    out = io.StringIO()
    with pytest.raises(CommandError, match="3 traces failed"):
        call_command(
            "prelabel", project.slug, strategy="rollout/scan", backend=missing, here=True, stdout=out
        )
    assert "absent.json" in out.getvalue()
    assert set(Run.objects.get().units.values_list("state", flat=True)) == {UnitState.FAILED}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "Name a --strategy"),
        (("--strategy", "rollout/scan", "--here"), "name a backend"),
        (("--strategy", "rollout/scan", "--backend", "scripted:x", "--set", "k=none"), "field k"),
        (("--strategy", "verifier/arithmetic", "--limit", "0"), "at least 1"),
        (("--resume", "999"), "no pre-labelling run 999"),
    ],
)
def test_what_cannot_work_is_one_clear_line(
    project: Project, arguments: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        called(project.slug, *arguments)
    assert not Run.objects.exists()


def test_an_unknown_project_names_the_known_ones(project: Project) -> None:
    with pytest.raises(CommandError, match="sums"):
        called("nowhere", "--strategy", "verifier/arithmetic")


def test_a_judge_brings_its_calibration_along(tmp_path: Path) -> None:
    judge = tmp_path / "judge"
    judge.mkdir()
    (judge / "likelihood.json").write_text('{"slope": 2.0, "intercept": -1, "threshold": 0.5, "auc": 0.9}')
    held = settings_beside("judge/likelihood", f"transformers:{judge}?batch=8")
    assert held == {"slope": 2.0, "intercept": -1, "threshold": 0.5}
    assert settings_beside("judge/critique", f"transformers:{judge}") == {}
    assert settings_beside("judge/likelihood", f"transformers:{tmp_path}") == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(120)
def test_without_a_worker_the_command_brings_its_own(tmp_path: Path) -> None:
    project = a_project(slug="alone")
    a_trace(project, texts=["1 + 1 = 2.\n", "1 + 1 = 3.\n"])
    with a_site(tmp_path / "site") as site:
        answer = subprocess.run(
            [sys.executable, "manage.py", "prelabel", "alone", "--strategy", "verifier/arithmetic"],
            cwd=REPOSITORY,
            env=site.environment(),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert answer.returncode == 0, answer.stderr
    assert "starts one and stops it at the end" in answer.stdout
    assert "1 of 1 traces" in answer.stdout
    assert Run.objects.get().state == RunState.DONE


def test_a_budget_stops_the_run_and_trying_again_with_a_higher_one_ends_it(
    project: Project, tmp_path: Path
) -> None:
    script = a_script(tmp_path / "script.json", success=1.0)
    options = ("--strategy", "rollout/scan", "--backend", script, "--budget-completions", 4)
    assert "The budget of 4 completions is spent" in called(project.slug, *options, "--here")
    run = Run.objects.get()
    assert run.state == RunState.CANCELLED
    with pytest.raises(CommandError, match="Raise it to go on"):
        called(project.slug, "--retry-failed", run.pk, "--here")
    said = called(project.slug, "--retry-failed", run.pk, "--budget-completions", 1000, "--here")
    assert "3 of 3 traces" in said


def test_a_strategy_that_compares_is_given_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = an_entry(
        "pair", usual_criterion="preference", players={"helper": f"={a_script(tmp_path / 'h.json')}"}
    )
    monkeypatch.setitem(STRATEGIES, "judge/table", entry)  # type: ignore[misc]
    project = a_rich_project()
    traces_of(project, 2, 3)
    options = ("--strategy", "judge/table", "--backend", a_script(tmp_path / "own.json"), "--pairs", 2)
    said = called(project.slug, *options, "--here")
    assert "4 pairs of traces made" in said
    assert "4 of 4 pairs" in said
    said = called(project.slug, *options, "--limit", 1, "--here")
    assert "made" not in said
    assert "1 of 1 pairs" in said


def test_pairs_made_for_a_run_that_is_refused_are_taken_back(project: Project) -> None:
    a_trace(project, problem=project.traces.first().problem, texts=["another"])
    options = ("--strategy", "judge/pairwise", "--backend", "scripted:x")
    with pytest.raises(CommandError, match="rubric sums --add preference"):
        called(project.slug, *options, "--here")
    assert not project.pairs.exists()


def test_a_judges_audit_is_taken_up_by_its_number(project: Project, tmp_path: Path) -> None:
    script = a_script(tmp_path / "script.json")
    judge = open_run(project, strategy="judge/critique", backend=script).rater
    said = called(project.slug, "--resume", audits_of(judge).get().pk, "--here")
    assert "3 of 3 traces" in said
