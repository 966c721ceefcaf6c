from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.errors import Rejected
from annotate.ingest.founding import create_from_preset
from annotate.ingest.presets import GALLERY, USUAL
from annotate.ingest.rubric_rows import criteria_of
from annotate.ingest.rubric_rules import problems_in
from annotate.label.queries import sheet_of
from tests.annotate.ingest.presets.labelling import bob_opens
from tests.factories import a_project


@pytest.mark.parametrize("key", GALLERY)
def test_every_preset_can_be_answered(key: str) -> None:
    assert problems_in(GALLERY[key].criteria) == []
    assert GALLERY[key].key == key


@pytest.mark.django_db
@pytest.mark.parametrize("key", GALLERY)
def test_every_preset_is_written_as_it_stands(key: str) -> None:
    rubric = create_from_preset(a_project(), key)
    assert criteria_of(rubric) == list(GALLERY[key].criteria)
    assert rubric.guidelines == GALLERY[key].guidelines


@pytest.mark.django_db
def test_a_sheet_costs_the_same_whatever_it_asks_and_one_query_more_with_candidates() -> None:
    counts = {}
    for key in GALLERY:
        held = bob_opens(key)
        with CaptureQueriesContext(connection) as asked:
            sheet = sheet_of(held)
            assert sheet.asked or not sheet.criteria or key == "next-step"
            assert sheet.totals or not sheet.groups
        counts[key] = len(asked)
    with_candidates = {"prm800k", "prm800k-walk", "next-step"}
    least = min(counts.values())
    assert {key for key, n in counts.items() if n > least} == with_candidates
    assert max(counts.values()) == least + 1


@pytest.mark.django_db
def test_a_preset_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(Rejected, match=USUAL):
        create_from_preset(a_project(), "prm900k")
