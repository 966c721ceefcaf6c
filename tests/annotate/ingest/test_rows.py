"""Rows that go straight into a table arrive as they were given, under keys of their own."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from annotate.ingest.drafts import LabelDraft, RaterDraft
from annotate.ingest.memory import Memory
from annotate.ingest.rows import insert_rows, instant, new_keys
from annotate.models import Problem, Step, Trace
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db

HOSTILE = [
    "tab\tand\nline",
    "back\\slash \\N \\. \\\\.",
    "\\.",
    "%s ? ${x} '\"",
    "  ",
    "é 😀 \u200b \x7f",
    "\r\n",
]


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_any_text_arrives_as_it_is(place: int) -> None:
    text = HOSTILE[place]
    trace = a_trace(a_project())
    row = (trace.pk, 99, text, 0, "thought", json.dumps({"said": text}))
    insert_rows(Step, ("trace", "position", "text", "tail", "kind", "meta"), [row])
    step = Step.objects.get(position=99)
    assert (step.text, step.meta) == (text, {"said": text})


@pytest.mark.parametrize("n", [0, 1, 165, 166, 167, 333, 1000])
def test_as_many_rows_as_come_arrive_in_their_order(n: int) -> None:
    trace = a_trace(a_project(), texts=["First."])
    rows = ((trace.pk, place, f"{place}", 0, "thought", "{}") for place in range(1, n + 1))
    insert_rows(Step, ("trace", "position", "text", "tail", "kind", "meta"), rows)
    found = list(Step.objects.order_by("pk").values_list("position", "text"))
    assert found[1:] == [(place, f"{place}") for place in range(1, n + 1)]


def test_keys_are_given_once_and_leave_room_for_others() -> None:
    project = a_project()
    keys = [*new_keys(Problem, 3)]
    assert [*new_keys(Problem, 0)] == []
    rows = [(key, project.pk, f"p{key}", "text", f"{key:064}", "{}") for key in keys]
    insert_rows(Problem, ("id", "project", "external_id", "text", "content_hash", "meta"), rows)
    more = Problem.objects.create(project=project, external_id="later", text="text", content_hash="x")
    assert more.pk > max(keys) > min(keys) > 0
    assert Problem.objects.get(pk=keys[1]).reference_answer is None
    assert min(new_keys(Problem, 2)) > more.pk


def test_an_instant_comes_back(settings) -> None:
    trace = a_trace(a_project())
    now = timezone.now()
    names = ("project", "problem", "external_id", "source_model", "n_steps", "text_hash", "content_hash")
    row = (trace.project_id, trace.problem_id, "by hand", "", 1, "a", "b", 1, "{}", instant(now))
    insert_rows(Trace, (*names, "boundary_version", "meta", "created_at"), [row])
    assert Trace.objects.get(external_id="by hand").created_at == now


def test_a_file_is_remembered_by_key_and_line() -> None:
    memory = Memory()
    ann, ben = (LabelDraft(RaterDraft(name), "verdict", 0, "good") for name in ("ann", "ben"))
    memory.add([(10, 1, [ann]), (11, 2, []), (4, 3, [ann, ben]), (15, 4, [])])
    memory.add([(16, 5, []), (7, 6, []), (10, 7, [ann, ben]), (10, 8, [ben])])
    found = {key: memory.line_of(key) for key in (3, 4, 7, 10, 11, 12, 15, 16, 17)}
    assert found == {3: None, 4: 3, 7: 6, 10: 1, 11: 2, 12: None, 15: 4, 16: 5, 17: None}
    spoke = {
        (key, who): memory.line_of_speaker(key, who) for key in (4, 10, 11, 12) for who in ("ann", "ben")
    }
    assert {place: line for place, line in spoke.items() if line is not None} == {
        (4, "ann"): 3,
        (4, "ben"): 3,
        (10, "ann"): 1,
        (10, "ben"): 7,
    }
