from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Request, TraceTask
from annotate.prelabel.judge.dimensions import STRATEGY, DimensionsSettings, judge_dimensions
from tests.annotate.prelabel.answering import reasons, run, said, trace
from tests.annotate.prelabel.criteria import DIMENSIONS, VERDICT, told

BEST = {"confidence": 0.9, "relevance": 0.3, "coherence": 0.8}


def task_of(*steps: str) -> TraceTask:
    return replace(trace(*steps), criterion=DIMENSIONS[2], criteria=(VERDICT, *DIMENSIONS))


def answer(request: Request, sample: int) -> Completion:
    lines = request.messages[-1].content.splitlines()
    best = next(line[0] for line in lines if line[1:] == ": Level 1")
    share = BEST[request.purpose]
    return told({letter: share if letter == best else 1 - share for letter in request.choices})


def test_three_labels_a_step_each_by_its_own_criterion() -> None:
    finding, asked = run(judge_dimensions(task_of("a\n", "b"), DimensionsSettings()), answer)
    assert len(asked) == 2 * 3 * 2, "steps x dimensions x orders"
    said_of_first = {o.criterion: (o.value, o.score) for o in finding.opinions if o.position == 0}
    assert said_of_first == {
        "confidence": ("l1", pytest.approx(0.9)),
        "relevance": ("l0", pytest.approx(0.3)),
        "": ("l1", pytest.approx(0.8)),
    }, "the run's own criterion goes without a name"


def test_missing_criterion_is_named_before_anything_is_asked() -> None:
    task = replace(task_of("a"), criteria=(VERDICT, DIMENSIONS[0], DIMENSIONS[2]))
    with pytest.raises(Rejected, match="'relevance'") as caught:
        next(judge_dimensions(task, DimensionsSettings()))
    assert caught.value.field == "relevance"


def test_one_unread_dimension_leaves_the_others() -> None:
    def half(request: Request, sample: int) -> Completion:
        return said("hm") if request.purpose == "relevance" else answer(request, sample)

    finding, _ = run(judge_dimensions(task_of("a"), DimensionsSettings()), half)
    assert {o.criterion for o in finding.opinions} == {"confidence", ""}
    assert reasons(finding) == {0: "relevance: no answer was one of the allowed words"}


def test_project_description_is_asked_and_a_missing_one_is_filled_in() -> None:
    bare = replace(DIMENSIONS[1], description="")
    task = replace(task_of("a"), criteria=(DIMENSIONS[0], bare, DIMENSIONS[2]))
    _, asked = run(judge_dimensions(task, DimensionsSettings()), answer)
    texts = {request.purpose: request.messages[-1].content for request in asked}
    assert "About confidence." in texts["confidence"]
    assert "Does the step serve the question that was asked?" in texts["relevance"]


def test_dimensions_must_differ() -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings({"confidence": "x", "relevance": "x"})
    assert caught.value.field == "coherence"
