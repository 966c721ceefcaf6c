from __future__ import annotations

from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.label.searching import LabelSearch
from annotate.models import Label, Project, looking
from annotate.models.looking import look_through
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def found(project: Project, **wanted: Any) -> list[str]:
    """Texts of the labels that are found, however many pages it takes."""
    sought, after, texts = LabelSearch(project, **wanted), None, []
    while True:
        looked = look_through(
            lambda reach: sought.wanted().filter(reach.on("pk")),
            sought.among(),
            size=2,
            after=after,
            nearest=sought.nearest(),
        )
        texts += [label.text for label in looked.rows]
        if looked.upto is None:
            return texts
        after = looked.upto


def test_labels_are_found_by_who_says_what_of_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LOOKED_AT", 2)
    monkeypatch.setattr(looking, "MOST_LOOKS", 1)
    other = a_project(slug="other")
    a_label(a_rater(other, name="one"), a_trace(other).steps.first(), "good", text="elsewhere")
    project = a_project()
    trace = a_trace(project, n_steps=2)
    first, second = trace.steps.order_by("position")
    one, two = a_rater(project, name="one"), a_rater(project, name="two")
    gold = a_rater(project, RaterKind.GOLD, "gold/key")
    before = a_label(one, first, "bad", text="before")
    Label.objects.filter(pk=before.pk).update(is_live=False)
    a_label(one, first, "good", text="one", supersedes=before)
    a_label(other.raters.get(), a_trace(other).steps.first(), "good", text="elsewhere")
    a_label(two, second, "good", text="two")
    a_label(gold, second, "good", text="gold")
    a_label(one, second, "good", text="one again", criterion_key="recoverable")

    assert found(project) == ["one", "two", "gold", "one again"]
    assert found(project, rater="one") == ["one", "one again"]
    assert found(project, rater="one", is_live=False) == found(project, is_live=False) == ["before"]
    assert found(project, rater_kind="gold") == ["gold"]
    assert found(project, rater_kind="person") == ["one", "two", "one again"]
    assert found(project, step=1, criterion="verdict") == ["two", "gold"]
    assert found(project, criterion="recoverable") == ["one again"]
    assert found(project, rater="nobody") == found(project, criterion="nothing") == []
    assert found(project, rater_kind="rollout") == found(project, rater="one", rater_kind="gold") == []
