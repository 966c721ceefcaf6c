from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import CandidateKind
from annotate.models import Candidate
from tests.factories import a_candidate, a_project, a_trace

pytestmark = pytest.mark.django_db


def test_a_place_and_a_text_are_taken_once_for_each_kind() -> None:
    step = a_trace(a_project()).steps.first()
    first = a_candidate(step, "One.")
    a_candidate(step, "One.", kind=CandidateKind.CRITIQUE)
    for position, digest in ((0, "other"), (1, first.text_hash)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Candidate.objects.create(
                step=step, kind=first.kind, position=position, text="One.", text_hash=digest
            )
    with pytest.raises(IntegrityError), transaction.atomic():
        Candidate.objects.create(step=step, kind="guess", position=0, text="x", text_hash="x")
    assert Candidate.objects.count() == 2
