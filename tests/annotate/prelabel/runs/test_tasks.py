from __future__ import annotations

from typing import Any

import pytest

from annotate.enums import Outcome, RaterKind, StepKind
from annotate.errors import Rejected
from annotate.models import Project, Run, Step, Trace
from annotate.prelabel.actions import claim_units, open_run
from annotate.prelabel.contracts import PairTask, Task, TraceTask
from annotate.prelabel.queries import task_of, tasks_of
from annotate.prelabel.strategies import STRATEGIES
from tests.annotate.prelabel.worlds import a_rich_project, an_entry
from tests.factories import a_label, a_pair, a_pair_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STRATEGIES, "judge/table", an_entry(needs_backend=False))  # type: ignore[misc]


@pytest.fixture
def pair_table(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = an_entry("pair", needs_backend=False, usual_criterion="preference")
    monkeypatch.setitem(STRATEGIES, "judge/table", entry)  # type: ignore[misc]


def claimed_tasks(project: Project, **settings: Any) -> list[Task]:
    run = open_run(project, strategy="judge/table", settings=settings)
    return tasks_of(run, claim_units(run, "w", 99))


def trace_task(project: Project, **settings: Any) -> TraceTask:
    (task,) = claimed_tasks(project, **settings)
    assert isinstance(task, TraceTask)
    return task


def test_a_task_knows_outcome_kinds_rubric_and_what_was_brought_along(table: None) -> None:
    project = a_rich_project()
    trace = a_trace(project, outcome=Outcome.WRONG)
    trace.problem.meta, trace.meta = {"level": 3, "source": "book"}, {"source": "model"}
    trace.problem.save()
    trace.save()
    Step.objects.filter(trace=trace, position=1).update(kind=StepKind.ACTION, meta={"tool": "python"})
    task = trace_task(project)
    assert (task.outcome, task.meta) == ("wrong", {"level": 3, "source": "model"})
    assert [(step.kind, step.meta) for step in task.steps] == [
        ("thought", {}),
        ("action", {"tool": "python"}),
        ("thought", {}),
    ]
    assert task.criterion is not None
    assert (task.criterion.key, task.criterion.scope, task.criterion.kind) == ("verdict", "step", "verdict")
    assert [(level.key, level.score) for level in task.criterion.levels] == [("bad", 0.0), ("good", 1.0)]
    assert [one.key for one in task.criteria] == ["verdict", "useful", "whole", "note", "preference"]
    assert task.first_error_hint is None


def labelled(trace: Trace, *values: str | None, name: str = "hinter", criterion: str = "verdict") -> None:
    rater = trace.project.raters.filter(name=name).first() or a_rater(trace.project, RaterKind.JUDGE, name)
    for step, value in zip(trace.steps.all(), values, strict=True):
        if value:
            a_label(rater, step, value, criterion_key=criterion)


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (("good", "bad", "bad"), 1),
        (("good", "good", "good"), -1),
        ((None, None, "good"), -1),
        (("good", "good", None), None),
        ((None, "bad", None), 1),
        ((None, None, None), None),
    ],
)
def test_the_hint_is_the_first_error_of_the_rater_that_is_named(
    table: None, values: tuple[str | None, ...], hint: int | None
) -> None:
    project = a_project()
    trace = a_trace(project)
    labelled(trace, *values)
    labelled(trace, "bad", "bad", "bad", name="another")
    assert trace_task(project, hint_rater="hinter").first_error_hint == hint


def test_a_hint_by_the_runs_own_criterion_comes_before_another(table: None) -> None:
    project = a_project()
    trace = a_trace(project)
    labelled(trace, "bad", "bad", "bad", criterion="recoverable")
    assert trace_task(project, hint_rater="hinter").first_error_hint == 0
    labelled(trace, "good", "good", "bad")
    assert trace_task(project, hint_rater="hinter").first_error_hint == 2


def test_a_last_observation_needs_no_label_for_a_hint_of_no_error(table: None) -> None:
    project = a_project()
    trace = a_trace(project)
    Step.objects.filter(trace=trace, position=2).update(kind=StepKind.OBSERVATION)
    labelled(trace, "good", "good", None)
    assert trace_task(project, hint_rater="hinter").first_error_hint == -1


def test_the_runs_own_word_for_bad_is_bad_too(table: None) -> None:
    project = a_project()
    trace = a_trace(project)
    labelled(trace, "good", "neutral", "bad")
    assert trace_task(project, hint_rater="hinter", bad="neutral").first_error_hint == 1


def test_a_hint_by_nobody_is_refused(table: None) -> None:
    project = a_project()
    a_trace(project)
    with pytest.raises(Rejected) as caught:
        open_run(project, strategy="judge/table", settings={"hint_rater": "nobody"})
    assert caught.value.field == "hint_rater"


def test_a_pair_of_traces_is_two_texts(pair_table: None) -> None:
    project = a_rich_project()
    a_pair(a_trace(project, texts=["one\n", "two"]), a_trace(project, texts=["three"]))
    (task,) = claimed_tasks(project)
    assert isinstance(task, PairTask)
    assert (task.left, task.right, task.prefix) == ("one\ntwo", "three", "")
    assert (task.problem, task.reference_answer) == ("What is six times seven?", "42")
    assert task.criterion is not None
    assert task.criterion.key == "preference"


def test_a_pair_of_steps_comes_with_what_was_said_before(pair_table: None) -> None:
    project = a_rich_project()
    left = a_trace(project, texts=["a\n", "b\n", "left\n", "on"])
    right = a_trace(project, texts=["a\n", "b\n", "right\n"], problem=left.problem)
    a_pair(left.steps.get(position=2), right.steps.get(position=2))
    (task,) = claimed_tasks(project)
    assert isinstance(task, PairTask)
    assert (task.prefix, task.left, task.right) == ("a\nb\n", "left\n", "right\n")


def test_a_pair_comes_with_how_its_sides_ended_and_what_the_hinter_says_of_it(pair_table: None) -> None:
    project = a_rich_project()
    left = a_trace(project, texts=["one"], outcome=Outcome.WRONG)
    known = a_pair(left, a_trace(project, texts=["two"], problem=left.problem, outcome=Outcome.RIGHT))
    a_pair(left, a_trace(project, texts=["three"], problem=left.problem))
    a_pair_label(a_rater(project, RaterKind.GOLD, "hinter"), known, "left")
    facts = [
        (task.left_outcome, task.right_outcome, task.preference_hint)
        for task in claimed_tasks(project, hint_rater="hinter")
        if isinstance(task, PairTask)
    ]
    assert facts == [("wrong", "right", "left"), ("wrong", None, None)]
    assert [task.preference_hint for task in claimed_tasks(project)] == [None, None]  # type: ignore[union-attr]


def queries_of_a_claim(run: Run, django_assert_max_num_queries: Any) -> int:
    with django_assert_max_num_queries(60) as counted:
        units = claim_units(run, "w", 99)
        tasks_of(run, units)
    return len(counted.captured_queries)


def test_a_claim_takes_the_same_queries_for_one_trace_and_for_three(
    table: None, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for n in (1, 3):
        project = a_project()
        for _ in range(n):
            labelled(a_trace(project), "good", "bad", "bad")
        run = open_run(project, strategy="judge/table", settings={"hint_rater": "hinter"})
        counts.append(queries_of_a_claim(Run.objects.get(pk=run.pk), django_assert_max_num_queries))
    assert counts[0] == counts[1]


def test_a_claim_takes_the_same_queries_for_one_pair_and_for_three(
    pair_table: None, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for n in (1, 3):
        project = a_rich_project()
        for _ in range(n):
            a_pair(a_trace(project), a_trace(project))
            a_pair(a_trace(project).steps.all()[1], a_trace(project).steps.all()[1])
        run = open_run(project, strategy="judge/table")
        counts.append(queries_of_a_claim(Run.objects.get(pk=run.pk), django_assert_max_num_queries))
    assert counts[0] == counts[1]


def test_one_unit_alone_is_the_same_task(table: None) -> None:
    project = a_project()
    a_trace(project)
    run = open_run(project, strategy="judge/table")
    (unit,) = claim_units(run, "w", 1)
    assert [task_of(unit)] == tasks_of(run, [unit])
