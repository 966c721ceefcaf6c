from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.enums import StepKind
from annotate.errors import Rejected
from annotate.ingest.boundaries import check_cut, cut_places, merge_steps, place_before, split_step
from annotate.ingest.layouts import place_now, steps_at
from annotate.models import Recut, Step, Trace
from tests.factories import a_project, a_trace


def test_places_are_ends_of_lines_and_sentences_outside_math_and_code() -> None:
    text = "First. Then more.\n\nNext e.g.this\n$$ a. b\nc $$ End. \n"
    places = cut_places(text)
    assert [(text[: one.at].rstrip()[-5:], one.is_line) for one in places] == [
        ("irst.", False),
        ("more.", True),
        (".this", True),
    ]
    assert all(text[: one.at].strip() and text[one.at :].strip() for one in places)


@given(st.text(alphabet="ab .!\n$`", max_size=60))
def test_whatever_is_offered_can_be_cut(text: str) -> None:
    for one in cut_places(text):
        check_cut(text, one.at)


@pytest.mark.parametrize("at", [-1, 0, 1, 5, 6, 99])
def test_a_step_of_nothing_is_refused(at: int) -> None:
    with pytest.raises(Rejected) as refusal:
        check_cut(" one\n\n", at)
    assert refusal.value.field == "at"


def test_words_name_a_place_if_they_stand_there_once() -> None:
    assert place_before("So a. So b.", "So b") == 6
    for words, told in ((" ", "Choose"), ("So", "2 times"), ("no", "do not stand")):
        with pytest.raises(Rejected, match=told):
            place_before("So a. So b.", words)


def shape(trace: Trace) -> list[tuple[int, str, int]]:
    return [(step.position, step.text, step.tail) for step in trace.steps.order_by("position")]


@pytest.mark.django_db
def test_a_split_keeps_the_text_its_hash_and_the_tail() -> None:
    trace = a_trace(a_project(), texts=["One.\n", "Two. Three.\n\n", "Four."])
    before, step = trace.content_hash, trace.steps.get(position=1)
    first, second = split_step(trace, step, 5)
    assert shape(trace) == [(0, "One.\n", 1), (1, "Two. ", 1), (2, "Three.\n\n", 2), (3, "Four.", 0)]
    trace.refresh_from_db()
    assert (trace.n_steps, trace.boundary_version, trace.content_hash != before) == (4, 2, True)
    assert hashlib.sha256(trace.text.encode()).hexdigest() == trace.text_hash
    gone = Step.every.get(pk=step.pk)
    assert (gone.retired_in, gone.position, gone.text) == (2, 1, "Two. Three.\n\n")
    assert first.pk != step.pk != second.pk


@pytest.mark.django_db
def test_a_merge_puts_one_in_the_place_of_two_and_the_old_row_may_come_back() -> None:
    trace = a_trace(a_project(), texts=["One.\n", "Two. Three.\n\n", "Four."])
    step = trace.steps.get(position=1)
    parts = split_step(trace, step, 5)
    trace.refresh_from_db()
    [whole] = merge_steps(trace, *parts, [Step.every.get(pk=step.pk)])
    assert whole.pk == step.pk
    assert [text for _, text, _ in shape(trace)] == ["One.\n", "Two. Three.\n\n", "Four."]


@pytest.mark.django_db
def test_two_kinds_of_step_stay_apart_and_meta_is_kept() -> None:
    trace = a_trace(a_project(), texts=["One.\n", "Two.\n"])
    first, second = trace.steps.all()
    first.meta, second.meta = {"a": [1], "b": 1}, {"a": [2], "b": 2, "c": 3}
    second.kind = StepKind.OBSERVATION
    with pytest.raises(Rejected, match="Step 1 is a thought and the next one is an observation"):
        merge_steps(trace, first, second)
    second.kind = StepKind.THOUGHT
    [whole] = merge_steps(trace, first, second)
    assert (whole.text, whole.tail, whole.meta) == ("One.\nTwo.\n", 1, {"a": [1, 2], "b": 1, "c": 3})


@pytest.mark.django_db
def test_an_earlier_layout_can_be_read_again() -> None:
    trace = a_trace(a_project(), texts=["One.\n", "Two. Three.\n", "Four."])
    old = trace.steps.get(position=1)
    made = split_step(trace, old, 5)
    Recut.objects.create(
        trace=trace,
        version=2,
        kind="split",
        position=1,
        at=5,
        start=5,
        took=[old.pk],
        made=[one.pk for one in made],
    )
    assert [(one.position, one.text) for one in steps_at(trace, 1)] == [
        (0, "One.\n"),
        (1, "Two. Three.\n"),
        (2, "Four."),
    ]
    now = {step.pk: step.position for step in trace.steps.all()}
    assert place_now(trace, 1, now) == {0: 0, 2: 3} == place_now(trace, None, now)
    assert place_now(trace, 2, now) == {0: 0, 1: 1, 2: 2, 3: 3}
