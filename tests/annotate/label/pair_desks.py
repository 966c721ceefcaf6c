"""Two people who have compared one pair, as every test of what follows wants them."""

from __future__ import annotations

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.enums import Role
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Pair, Project
from tests.factories import a_comparing_project, a_criterion, a_pair, a_person, some_attempts


def a_project_of_pairs() -> Project:
    """Bob and Dora compare each pair; Carol reviews."""
    return a_comparing_project(overlap=2, bob=Role.ANNOTATOR, dora=Role.ANNOTATOR, carol=Role.REVIEWER)


def compared(project: Project, **said: str) -> Pair:
    """A pair about which each of these people says that."""
    pair = a_pair(*some_attempts(project, "one", "two"))
    fill_comparisons(project)
    for name, value in said.items():
        held = claim_comparison(project, rater_of(project, a_person(name)))
        assert held is not None
        assert held.pair == pair
        submit_comparison(held, held.token, [Choice(a_criterion(project, "preference").pk, value)])
    return pair
