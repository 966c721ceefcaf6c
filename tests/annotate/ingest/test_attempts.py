from __future__ import annotations

import pytest

from annotate.ingest.attempts import attempts_at, next_problems
from annotate.models import Problem, Project
from tests.factories import a_project, some_attempts

pytestmark = pytest.mark.django_db


def problems(project: Project) -> list[int]:
    return list(Problem.objects.filter(project=project).order_by("pk").values_list("pk", flat=True))


def test_problems_come_by_their_keys_up_to_the_last_that_is_meant() -> None:
    project = a_project()
    for _ in range(3):
        some_attempts(project, "one", "two")
        some_attempts(a_project(), "another project's")
    first, second, third = problems(project)
    assert next_problems(project, 0, rows=lambda n: n) == [first, second, third]
    assert next_problems(project, first, rows=lambda n: n, upto=second) == [second]
    assert next_problems(project, third, rows=lambda n: n) == []


def test_a_piece_holds_so_many_rows_and_one_problem_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project()
    for _ in range(4):
        some_attempts(project, "one", "two")
    ids = problems(project)
    monkeypatch.setattr("annotate.ingest.attempts.ROWS", 5)
    assert next_problems(project, 0, rows=lambda n: n) == ids[:2]
    assert next_problems(project, 0, rows=lambda n: 3 * n) == ids[:1]
    monkeypatch.setattr("annotate.ingest.attempts.PROBLEMS", 3)
    assert next_problems(project, 0, rows=lambda n: 1) == ids[:3]


def test_traces_come_by_problem_and_key() -> None:
    project = a_project()
    first, second = (some_attempts(project, "one", "two") for _ in range(2))
    Problem.objects.create(project=project, external_id="bare", text="?", content_hash="0" * 64)
    found = [[one.pk for one in group] for group in attempts_at(problems(project))]
    assert found == [[one.pk for one in first], [one.pk for one in second]]
