"""A prepared query gives what the queryset gives, whatever the values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, Model, Q, QuerySet, Subquery
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.enums import AssignmentState
from annotate.label.writing import NewLabel
from annotate.models import Assignment, Label, Person, Project, Step, Trace
from annotate.prepared import Prepared, PreparedChange, PreparedInsert, PreparedUpdate
from tests.factories import a_criterion, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def columns(one: Model) -> dict[str, Any]:
    return {field.attname: getattr(one, field.attname) for field in one._meta.concrete_fields}


def test_rows_with_what_belongs_to_them_are_those_of_the_queryset() -> None:
    def traces(project: int, least: int) -> QuerySet[Trace]:
        wanted = Trace.objects.filter(project=project, n_steps__gte=least)
        return wanted.select_related("project__rubric", "problem").annotate(n=Count("steps")).order_by("-pk")

    prepared: Prepared[Trace] = Prepared(traces)
    project = a_project()
    for texts in (["one\n", "two"], ["three"], ["four\n", "five\n", "six"]):
        a_trace(project, texts=texts)
    for least in (1, 2, 3, 4):
        expected = list(traces(project.pk, least))
        found = prepared.all(project=project.pk, least=least)
        assert [columns(one) for one in found] == [columns(one) for one in expected]
        assert [one.n for one in found] == [one.n for one in expected]  # type: ignore[attr-defined]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert [one.project.rubric for one in found] == [one.project.rubric for one in expected]
            assert [one.problem.text for one in found] == [one.problem.text for one in expected]
        assert not asked.captured_queries


@pytest.mark.parametrize("text", ["it's", "50 %s of %%", '{"a": 1}', "ü\n\u2028", "", "x" * 5000])
def test_texts_arrive_as_they_are(text: str) -> None:
    prepared: Prepared[tuple[int]] = Prepared(lambda text: Step.objects.filter(text=text).values_list("pk"))
    project = a_project()
    a_trace(project, texts=["other\n", "another"])
    assert prepared.all(text="other\n") == [(Step.objects.get(text="other\n").pk,)]
    assert prepared.all(text=text) == []
    person = Person.objects.create_user(username="anna", first_name=text[:100])
    named: Prepared[Person] = Prepared(lambda name: Person.objects.filter(first_name=name, username="anna"))
    found = named.first(name=text[:100])
    assert found == person


def test_lists_of_any_length_and_of_none() -> None:
    prepared: Prepared[tuple[int]] = Prepared(
        lambda trace, places: Step.objects.filter(Q(position__in=places), trace=trace).values_list("position")
    )
    trace = a_trace(a_project(), texts=[f"{number}\n" for number in range(6)])
    for places in ([], [2], [0, 5], [3, 3], [1, 2, 4, 9], (0, 1, 2)):
        found = prepared.all(trace=trace.pk, places=places)
        assert found == [(place,) for place in sorted(set(places)) if place < 6]


def test_a_list_of_none_beside_something_else_leaves_that() -> None:
    prepared: Prepared[tuple[int]] = Prepared(
        lambda first, places: Step.objects.filter(Q(position__in=places) | Q(position=first)).values_list(
            "position"
        )
    )
    a_trace(a_project(), texts=["a\n", "b\n", "c"])
    assert prepared.all(first=1, places=[]) == [(1,)]
    assert prepared.all(first=1, places=[0]) == [(0,), (1,)]


def test_moments_are_compared_as_moments() -> None:
    prepared: Prepared[Project] = Prepared(
        lambda since: Project.objects.filter(created_at__gt=since).order_by("pk")
    )
    project = a_project()
    assert prepared.all(since=project.created_at - timedelta(microseconds=1)) == [project]
    assert prepared.all(since=project.created_at) == []
    zone = timezone.get_fixed_timezone(330)
    assert prepared.all(since=project.created_at.astimezone(zone) - timedelta(seconds=1)) == [project]


def test_an_update_writes_what_an_update_would_also_what_is_not_known() -> None:
    update = PreparedUpdate(
        lambda pk, more, **said: (Assignment.objects.filter(pk=pk), {"token": F("token") + more, **said}),
        kinds={"score": float},
    )
    project = a_project()
    trace = a_trace(project)
    slot = Assignment.objects.create(project=project, trace=trace, slot=0)
    other = Assignment.objects.create(project=project, trace=trace, slot=1)
    now = timezone.now()
    for more, score in ((1, None), (2, 0.25), (3, None)):
        assert update(pk=slot.pk, more=more, score=score, finished_at=now, note="it's %s") == 1
        slot.refresh_from_db()
        assert (slot.score, slot.finished_at, slot.note) == (score, now, "it's %s")
    assert slot.token == 6
    other.refresh_from_db()
    assert (other.token, other.note, other.state) == (0, "", AssignmentState.OPEN)
    assert update(pk=0, more=1, score=None, finished_at=now, note="") == 0


@pytest.mark.parametrize("n", [0, 1, 5])
def test_rows_are_written_as_by_bulk_create_and_know_their_ids(n: int) -> None:
    project = a_project()
    trace = a_trace(project, n_steps=5)
    rater = a_rater(project)
    wanted = [
        Label(
            rater=rater,
            criterion=a_criterion(project),
            step=step,
            value="good",
            text="it's %s",
            seconds=None if step.position else 1.5,
            evidence={"key": f"k{step.position}", "n": [1, None]},
            distribution={"good": 0.25},
            created_at=timezone.now(),
        )
        for step in trace.steps.all()[:n]
    ]
    names = [*NewLabel._fields, "distribution"]
    pks = PreparedInsert(Label, names)([[getattr(one, name) for name in names] for one in wanted])
    assert Label.objects.count() == len(pks) == n
    for pk, one in zip(pks, wanted, strict=True):
        one.pk = pk
        assert columns(Label.objects.get(pk=pk)) == columns(one)


def test_what_has_no_usual_value_must_be_named() -> None:
    with pytest.raises(TypeError, match=r"Label\.created_at has no value that could be left out"):
        PreparedInsert(Label, [name for name in NewLabel._fields if name != "created_at"])([()])


def test_as_many_rows_as_a_very_long_trace_has_steps_are_written() -> None:
    # More values than SQLite (32,766) takes in one statement.
    n = 1_800
    project = a_project()
    trace = a_trace(project, n_steps=n)
    rater, criterion = a_rater(project), a_criterion(project)
    steps = list(trace.steps.values_list("pk", flat=True))
    blank = Label(rater=rater, criterion=criterion, value="good", created_at=timezone.now())
    usual = [getattr(blank, name) for name in NewLabel._fields]
    at = NewLabel._fields.index("step_id")
    pks = PreparedInsert(Label, NewLabel._fields)([[*usual[:at], pk, *usual[at + 1 :]] for pk in steps])
    assert n * len(Label._meta.concrete_fields) > 32_766
    stored = dict(Label.objects.values_list("pk", "step"))
    assert stored == dict(zip(pks, steps, strict=True))
    assert len(stored) == n


def test_a_change_gives_the_rows_as_they_are_then() -> None:
    change: PreparedChange[Assignment] = PreparedChange(
        lambda trace, **said: (
            Assignment.objects.filter(pk=Subquery(Assignment.objects.filter(trace=trace).values("pk")[:1])),
            {"token": F("token") + 1, **said},
        ),
        kinds={"score": float},
    )
    project = a_project()
    slot = Assignment.objects.create(project=project, trace=a_trace(project), slot=0, note="50 %s")
    now = timezone.now()
    for n, score in ((1, 0.5), (2, None)):
        found = change.first(trace=slot.trace_id, score=score, finished_at=now)
        slot.refresh_from_db()
        assert found is not None
        assert columns(found) == columns(slot)
        assert (slot.token, slot.score, slot.finished_at) == (n, score, now)
    assert change.first(trace=0, score=None, finished_at=now) is None


def test_values_of_other_names_make_another_query() -> None:
    prepared: Prepared[tuple[int]] = Prepared(
        lambda **said: Step.objects.filter(**said).order_by("pk").values_list("position")
    )
    trace = a_trace(a_project(), texts=["a\n", "b\n", "c"])
    assert prepared.all(trace=trace.pk) == [(0,), (1,), (2,)]
    assert prepared.all(position=1) == [(1,)]


def test_a_value_that_ends_up_nowhere_is_a_mistake_in_the_query() -> None:
    prepared: Prepared[Step] = Prepared(lambda trace, position: Step.objects.filter(trace=trace))
    with pytest.raises(TypeError, match="the query holds no position"):
        prepared.all(trace=1, position=2)


@pytest.mark.parametrize("value", [True, None, {"a": 1}, object()])
def test_what_has_no_stand_in_is_refused(value: Any) -> None:
    prepared: Prepared[Label] = Prepared(lambda value: Label.objects.filter(value=value))
    with pytest.raises(TypeError, match="value: there is no stand-in"):
        prepared.all(value=value)


def test_rows_can_be_locked() -> None:
    a_person("bob")
    prepared: Prepared[Person] = Prepared(
        lambda name: Person.objects.select_for_update().filter(username=name)
    )
    assert [one.username for one in prepared.all(name="bob")] == ["bob"]
    assert prepared.all(name="carol") == []


def test_postgresql_plans_it_once() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL keeps plans")
    prepared: Prepared[Step] = Prepared(lambda trace: Step.objects.filter(trace=trace, kind="action"))
    for trace in range(4):
        assert prepared.all(trace=trace) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%annotate_step%kind%"]
        )
        assert cursor.fetchone() == (1,)


def test_what_is_asked_is_seen_by_whoever_counts_queries() -> None:
    prepared: Prepared[Step] = Prepared(lambda trace: Step.objects.filter(trace=trace))
    with CaptureQueriesContext(connection) as asked:
        prepared.all(trace=1)
    assert [query["sql"].startswith("SELECT") for query in asked.captured_queries] == [True]


def test_rows_that_need_further_queries_are_refused() -> None:
    prepared: Prepared[Trace] = Prepared(lambda pk: Trace.objects.filter(pk=pk).prefetch_related("steps"))
    with pytest.raises(TypeError, match="prefetch"):
        prepared.all(pk=1)
