from __future__ import annotations

from typing import Any

import pytest

from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons, make_lineups, make_pairs
from annotate.assign.compare.queries import Standing, compare_state
from annotate.assign.manage.actions import change_rules, set_skills
from annotate.assign.rules import QueueRules
from annotate.enums import Role
from annotate.models import Comparison, Membership, Project, Trace
from tests.annotate.assign.compare.queues import person, say
from tests.factories import a_comparing_project, some_attempts

pytestmark = pytest.mark.django_db


def a_project_with(*metas: dict[str, Any], preset: str = "preference", **rules: Any) -> Project:
    """Two (or three, to be ranked) attempts for each meta data, which all of them have."""
    project = a_comparing_project(preset=preset, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    Project.objects.filter(pk=project.pk).update(queue_rules=rules)
    project.refresh_from_db()
    texts = ("one", "two", "three") if preset == "ranking" else ("one", "two")
    for i, meta in enumerate(metas):
        traces = some_attempts(project, *(f"{text} {i}" for text in texts))
        Trace.objects.filter(pk__in=[trace.pk for trace in traces]).update(meta=meta)
    if preset == "ranking":
        make_lineups(project, size=3)
    else:
        make_pairs(project, "traces")
    return project


def knows(project: Project, name: str, *skills: str) -> None:
    set_skills(Membership.objects.get(project=project, person__username=name), skills)


def all_for(project: Project, name: str) -> list[str]:
    """The skills of what somebody is given, in the order of their names."""
    met = []
    while (held := claim_comparison(project, person(project, name))) is not None:
        met.append(held.skill)
        say(held, "a>b>c" if held.lineup_id else "left")
    return sorted(met)


@pytest.mark.parametrize("preset", ["preference", "ranking"])
def test_people_get_what_they_know_about_and_what_anybody_may_compare(preset: str) -> None:
    project = a_project_with({"of": "algebra"}, {"of": "code"}, {}, preset=preset, skill_key="of")
    knows(project, "bob", "algebra")
    assert all_for(project, "bob") == ["", "algebra"]
    state = compare_state(project, person(project, "bob"))
    assert (state.standing, state.detail) == (Standing.NO_SKILL, "code")
    assert "needs a skill that is not noted for you (code)" in state.explanation
    knows(project, "bob", "algebra", "code")
    assert all_for(project, "bob") == ["code"]


def test_a_pair_of_traces_that_ask_for_two_skills_needs_both() -> None:
    project = a_project_with({"of": "algebra"}, skill_key="of")
    Trace.objects.filter(pk=Trace.objects.earliest("pk").pk).update(meta={"of": "code"})
    Comparison.objects.all().delete()
    fill_comparisons(project)
    knows(project, "bob", "algebra")
    assert all_for(project, "bob") == []
    assert compare_state(project, person(project, "bob")).detail == "algebra + code"
    knows(project, "bob", "algebra", "code")
    assert all_for(project, "bob") == ["algebra\ncode"]


def test_another_key_holds_for_what_is_open_already() -> None:
    project = a_project_with({"of": "algebra", "in": "german"}, {"of": "code", "in": "german"})
    change_rules(project, QueueRules(skill_key="in"), overlap=1, lease_minutes=30)
    assert all_for(project, "bob") == []
    knows(project, "bob", "german")
    assert all_for(project, "bob") == ["german", "german"]
    change_rules(project, QueueRules(), overlap=2, lease_minutes=30)
    fill_comparisons(project)
    assert all_for(project, "carol") == ["", ""]


@pytest.mark.parametrize("preset", ["preference", "ranking"])
def test_overlap_is_that_of_the_traces_stratum(preset: str) -> None:
    rules = {"stratum_key": "set", "overlap_of": ["hard=3"]}
    project = a_project_with({"set": "hard"}, {"set": "easy"}, {}, preset=preset, **rules)
    assert Comparison.objects.filter(project=project).count() == 3 + 1 + 1
    assert fill_comparisons(project) == 0
