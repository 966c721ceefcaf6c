from __future__ import annotations

import pytest

from annotate.enums import RaterKind
from annotate.measure.ruler.fitting import Scale, fit_scale
from annotate.measure.ruler.labels import ruler_labels
from annotate.measure.ruler.others import Others
from annotate.models import Project
from tests.annotate.measure.ruler.scene import say
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def scale_and_others(project: Project) -> tuple[Scale, Others]:
    scale = fit_scale(ruler_labels(project))
    return scale, Others.of(scale)


def test_a_raters_own_label_never_takes_part() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=4).steps.all())
    ann, ben, cleo = (a_rater(project) for _ in range(3))
    say(ann, steps, ["good", "good", "bad", "bad"])
    say(ben, steps, ["good", "bad", "bad", "good"])
    say(cleo, steps, ["good", "good", "good", "neutral"])
    scale, others = scale_and_others(project)
    mine = scale.columns.rater == ann.pk
    # Of one mind; divided; divided; divided.
    assert others.consensus[mine].tolist() == [2, -1, -1, -1]
    his = scale.columns.rater == ben.pk
    assert others.consensus[his].tolist() == [2, 2, -1, -1]
    assert others.n_others.tolist() == [2] * 12


def test_what_a_reviewer_decided_stands_whatever_the_others_say() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=4).steps.all())
    for _ in range(3):
        say(a_rater(project), steps, ["good", "good", "bad", "bad"])
    say(a_rater(project, RaterKind.REVIEW), steps[:1], ["neutral"])
    _, others = scale_and_others(project)
    assert others.consensus[:4].tolist() == [1, 2, 0, 0]


def test_keys_that_contradict_each_other_are_no_gold() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=4).steps.all())
    for _ in range(2):
        say(a_rater(project), steps, ["good", "good", "bad", "bad"])
    say(a_rater(project, RaterKind.GOLD, "gold/a"), steps[:2], ["good", "good"])
    say(a_rater(project, RaterKind.GOLD, "gold/b"), steps[:1], ["bad"])
    _, others = scale_and_others(project)
    assert others.gold[:4].tolist() == [-1, 2, -1, -1]


def test_where_nobody_else_speaks_there_is_no_consensus() -> None:
    project = a_project()
    ann, ben = a_rater(project), a_rater(project)
    shared = list(a_trace(project, n_steps=4).steps.all())
    say(ann, shared, ["good", "good", "bad", "bad"])
    say(ben, shared, ["good", "bad", "bad", "bad"])
    say(ann, list(a_trace(project, n_steps=1).steps.all()), ["good"])
    scale, others = scale_and_others(project)
    alone = (scale.columns.rater == ann.pk) & (others.n_others == 0)
    assert others.consensus[alone].tolist() == [-1]
