from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from annotate.assign.manage.contracts import Change, TraceFilter
from annotate.assign.manage.lists import strata_of, trace_page, traces_where
from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.models import Project, Trace, Turn, looking
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next, taken
from tests.factories import a_trace

pytestmark = pytest.mark.django_db


def found(project: Project, **wanted: object) -> list[str]:
    return [trace.external_id for trace in traces_where(project, TraceFilter(**wanted))]  # type: ignore[arg-type]


def test_traces_are_found_by_where_they_stand() -> None:
    project = a_queue(n_traces=2, overlap=2)
    bob, carol = person(project, "bob"), person(project, "carol")
    first, second = Trace.objects.order_by("pk").values_list("external_id", flat=True)
    assert found(project, state="unread") == [first, second]
    read_next(project, bob)
    taken(project, bob)
    assert (found(project, state="under_way"), found(project, state="unread")) == ([first], [second])
    read_next(project, carol)
    assert found(project, state="read") == [first]
    late = a_trace(project).external_id
    assert found(project, state="unqueued") == [late]


def test_traces_are_found_by_what_is_known_of_them() -> None:
    project = a_queue(n_traces=1, overlap=1)
    plain = Trace.objects.get().external_id
    gold = a_gold_trace(project, "exam", outcome=Outcome.WRONG).external_id
    Turn.objects.filter(trace__external_id=plain).update(stratum="math", disagreement=0.5)
    assert (
        found(project, has_gold="yes")
        == found(project, use="exam")
        == found(project, outcome="wrong")
        == [gold]
    )
    assert found(project, has_gold="no") == found(project, outcome="none") == [plain]
    assert found(project, stratum="math") == found(project, least_disagreement=0.5) == [plain]
    assert found(project, least_disagreement=0.6) == []
    assert found(project, search=plain) == [plain]
    assert found(project, search="SIX TIMES", has_gold="yes") == [gold]
    assert strata_of(project) == ["math"]


def test_pages_follow_one_another_by_key() -> None:
    project = a_queue(n_traces=5)
    first = trace_page(project, TraceFilter(), size=2)
    second = trace_page(project, TraceFilter(), size=2, after=first.next_after)
    third = trace_page(project, TraceFilter(), size=2, after=second.next_after)
    assert [len(page.traces) for page in (first, second, third)] == [2, 2, 1]
    assert third.next_after is None
    assert len({trace.pk for page in (first, second, third) for trace in page.traces}) == 5


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: TraceFilter(use="toy"), "use"),
        (lambda: TraceFilter(outcome="best"), "outcome"),
        (lambda: TraceFilter(least_disagreement=2), "least_disagreement"),
        (lambda: Change("add_slots", slots=0), "slots"),
        (lambda: Change("use", use="toy"), "use"),
        (lambda: Change("priority", priority=101), "priority"),
    ],
)
def test_what_cannot_be_meant_names_its_field(make, field) -> None:
    with pytest.raises(Rejected) as refused:
        make()
    assert refused.value.field == field


def test_a_row_deleted_between_pages_shifts_nothing() -> None:
    project = a_queue(n_traces=5)
    names = list(Trace.objects.order_by("pk").values_list("external_id", flat=True))
    first = trace_page(project, TraceFilter(), size=2)
    Trace.objects.filter(external_id=names[0]).first().delete()  # type: ignore[union-attr]
    second = trace_page(project, TraceFilter(), size=2, after=first.next_after)
    assert [trace.external_id for trace in second.traces] == names[2:4]


@pytest.mark.parametrize("size", [1, 3])
def test_a_page_takes_one_query(django_assert_num_queries: DjangoAssertNumQueries, size: int) -> None:
    project = a_queue(n_traces=4)
    with django_assert_num_queries(1):
        page = trace_page(project, TraceFilter(), size=size)
        assert all(trace.problem.text and trace.turn.use for trace in page.traces)


def test_what_no_index_leads_to_is_looked_for_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LOOKED_AT", 2)
    monkeypatch.setattr(looking, "MOST_LOOKS", 1)
    project = a_queue(n_traces=4)
    late = a_trace(project).pk
    first = trace_page(project, TraceFilter(state="unqueued"))
    assert first.traces == []
    assert first.next_after is not None
    second = trace_page(project, TraceFilter(state="unqueued"), after=first.next_after)
    third = trace_page(project, TraceFilter(state="unqueued"), after=second.next_after)
    assert [trace.pk for trace in third.traces] == [late]
    assert third.next_after is None
