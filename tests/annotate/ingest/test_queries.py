from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from annotate.ingest.queries import CorpusCounts, corpus_counts, trace_page
from annotate.models import Project, Trace
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project()
    for number in range(5):
        a_trace(project, external_id=f"t{number}", n_steps=2)
    a_trace(a_project(), external_id="elsewhere")
    return project


def ids(traces: object) -> list[str]:
    assert isinstance(traces, list)
    return [trace.external_id for trace in traces]


def test_counts_are_the_projects_own(project: Project) -> None:
    assert corpus_counts(project) == CorpusCounts(problems=5, traces=5, steps=10)
    assert corpus_counts(a_project()) == CorpusCounts(0, 0, 0)


def test_pages_follow_each_other_without_gap(project: Project) -> None:
    seen, after = [], None
    while True:
        page = trace_page(project, after=after, size=2)
        seen.append(ids(page.traces))
        after = page.next_after
        if after is None:
            break
    assert seen == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_row_deleted_between_pages_shifts_nothing(project: Project) -> None:
    first = trace_page(project, size=2)
    Trace.objects.get(external_id="t0").delete()
    assert ids(trace_page(project, after=first.next_after, size=2).traces) == ["t2", "t3"]


def test_search_looks_in_ids_and_problems(project: Project) -> None:
    assert ids(trace_page(project, search="T3").traces) == ["t3"]
    assert len(trace_page(project, search="six times").traces) == 5


@pytest.mark.parametrize("size", [1, 3])
def test_page_takes_one_query(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries, size: int
) -> None:
    with django_assert_num_queries(1):
        assert all(trace.problem.text for trace in trace_page(project, size=size).traces)
