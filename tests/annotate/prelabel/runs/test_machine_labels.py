from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.models import Label, Pair, Project, Rater, Run, Trace
from annotate.prelabel.actions import claim_units, finish_unit, open_run, write_machine_labels
from annotate.prelabel.contracts import Finding, Opinion
from annotate.prelabel.queries import evidence_of
from annotate.prelabel.strategies import STRATEGIES
from tests.annotate.prelabel.worlds import a_rich_project, an_entry
from tests.factories import a_criterion, a_pair, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_rich_project()


def look(project: Project, criterion: str, *opinions: Opinion) -> Run:
    """One run of the same rater over the project's traces, by ``criterion``."""
    run = open_run(project, strategy="verifier/arithmetic", criterion_key=criterion)
    for unit in claim_units(run, "w", 99):
        assert finish_unit(unit, Finding(opinions))
    return run


def said(about: Trace | Pair | None = None) -> set[tuple[str, int | None, str]]:
    labels = Label.objects.live().select_related("criterion", "step")
    if isinstance(about, Pair):
        labels = labels.filter(pair=about)
    return {
        (one.criterion.key, one.step.position if one.step else None, one.value or one.text) for one in labels
    }


def test_one_finding_speaks_by_several_criteria_of_the_rubric(project: Project) -> None:
    a_trace(project)
    look(
        project,
        "verdict",
        Opinion(0, "good"),
        Opinion(0, "yes", criterion="useful"),
        Opinion(None, "fine", criterion="whole"),
        Opinion(1, "", text="two and two", criterion="note"),
    )
    assert said() == {
        ("verdict", 0, "good"),
        ("useful", 0, "yes"),
        ("whole", None, "fine"),
        ("note", 1, "two and two"),
    }


def test_what_is_no_longer_said_is_taken_back_by_each_criterion_once_spoken_to(project: Project) -> None:
    a_trace(project)
    look(project, "verdict", Opinion(0, "good"), Opinion(1, "yes", criterion="useful"))
    look(project, "verdict", Opinion(1, "bad"), Opinion(None, "poor", criterion="whole"))
    assert said() == {("verdict", 1, "bad"), ("whole", None, "poor")}


def test_what_a_run_on_another_criterion_said_stays(project: Project) -> None:
    a_trace(project)
    first = look(project, "useful", Opinion(0, "yes"), Opinion(None, "fine", criterion="whole"))
    second = look(project, "verdict", Opinion(0, "good"))
    assert first.rater == second.rater
    assert said() == {("useful", 0, "yes"), ("whole", None, "fine"), ("verdict", 0, "good")}


@pytest.mark.parametrize(
    ("opinions", "field"),
    [
        ([Opinion(0, "good", criterion="charm")], "criterion"),
        ([Opinion(0, "good", criterion="useful")], "value"),
        ([Opinion(0, "fine", criterion="whole")], "position"),
        ([Opinion(None, "left", criterion="preference")], "position"),
        ([Opinion(0, "", criterion="note")], "value"),
        ([Opinion(0, "good"), Opinion(0, "bad", criterion="verdict")], "position"),
    ],
)
def test_an_opinion_that_fits_no_criterion_is_refused(
    project: Project, opinions: list[Opinion], field: str
) -> None:
    trace = a_trace(project)
    with pytest.raises(Rejected) as caught:
        write_machine_labels(a_rater(project, name="j"), a_criterion(project), trace, opinions)
    assert caught.value.field == field
    assert not Label.objects.exists()


def test_a_pair_is_labelled_as_a_whole_and_a_second_look_supersedes(project: Project) -> None:
    pair = a_pair(a_trace(project), a_trace(project))
    rater: Rater = a_rater(project, name="judge")
    preference = a_criterion(project, "preference")
    assert write_machine_labels(rater, preference, pair, [Opinion(None, "left")]) == 1
    assert write_machine_labels(rater, preference, pair, [Opinion(None, "left")]) == 0
    assert write_machine_labels(rater, preference, pair, [Opinion(None, "right")]) == 1
    assert said(pair) == {("preference", None, "right")}
    with pytest.raises(Rejected, match="the pair as a whole"):
        write_machine_labels(rater, a_criterion(project), pair, [Opinion(None, "good")])


def test_the_evidence_of_a_pair_is_what_machines_say_of_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRATEGIES, "judge/table", an_entry("pair", needs_backend=False))  # type: ignore[misc]
    pair = a_pair(a_trace(project), a_trace(project))
    run = open_run(project, strategy="judge/table", criterion_key="preference")
    (unit,) = claim_units(run, "w", 9)
    finish_unit(unit, Finding((Opinion(None, "right", evidence={"swapped": "left"}),)))
    (whole,) = evidence_of(pair)
    assert whole.position is None
    assert [(one.criterion, one.value, one.evidence) for one in whole.signals] == [
        ("preference", "right", {"swapped": "left"})
    ]
