from __future__ import annotations

import pytest

from annotate.enums import CandidateKind, RaterKind
from annotate.errors import Rejected
from annotate.ingest.candidates import add_candidates
from annotate.ingest.drafts import CandidateDraft
from annotate.models import Candidate, Trace
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db

CRITIQUE, ALTERNATIVE = CandidateKind.CRITIQUE, CandidateKind.ALTERNATIVE


@pytest.fixture
def trace() -> Trace:
    return a_trace(a_project())


def test_texts_are_added_in_their_order_and_once(trace: Trace) -> None:
    judge = a_rater(trace.project, RaterKind.JUDGE, "judge/one")
    given = [
        CandidateDraft(1, ALTERNATIVE, "One.", source_model="policy"),
        CandidateDraft(1, ALTERNATIVE, "Two."),
        CandidateDraft(1, ALTERNATIVE, "One."),
        CandidateDraft(1, CRITIQUE, "One.", rater="judge/one", meta={"votes": 3}),
    ]
    added = add_candidates(trace, given)
    assert (added.created, added.unchanged) == (3, 1)
    again = add_candidates(trace, [*given, CandidateDraft(1, ALTERNATIVE, "Three.")])
    assert (again.created, again.unchanged) == (1, 4)
    found = Candidate.objects.filter(step__trace=trace, kind=ALTERNATIVE).order_by("position")
    assert [(one.position, one.text, one.source_model) for one in found] == [
        (0, "One.", "policy"),
        (1, "Two.", ""),
        (2, "Three.", ""),
    ]
    critique = Candidate.objects.get(kind=CRITIQUE)
    assert (critique.rater, critique.meta, critique.step.position) == (judge, {"votes": 3}, 1)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (CandidateDraft(3, ALTERNATIVE, "x"), "step"),
        (CandidateDraft(0, "guess", "x"), "kind"),
        (CandidateDraft(0, ALTERNATIVE, "  "), "text"),
        (CandidateDraft(0, ALTERNATIVE, "\x00"), "text"),
        (CandidateDraft(0, ALTERNATIVE, "x", rater="nobody"), "rater"),
    ],
)
def test_one_that_cannot_be_taken_is_named_and_nothing_is_added(
    trace: Trace, draft: CandidateDraft, field: str
) -> None:
    with pytest.raises(Rejected) as caught:
        add_candidates(trace, [CandidateDraft(0, ALTERNATIVE, "fine"), draft])
    assert (caught.value.row, caught.value.field) == (2, field)
    assert not Candidate.objects.exists()
