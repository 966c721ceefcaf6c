from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.drafts import TraceDraft
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.examples import label_studio
from tests.annotate.ingest.readers.reading import bad, one_trace, texts, written


def said(draft: TraceDraft) -> list[tuple[str, str, int | None, str, str]]:
    return [(one.rater.name, one.criterion, one.position, one.value, one.text) for one in draft.labels]


def a_task(*results: dict[str, Any], **data: Any) -> dict[str, Any]:
    task = label_studio() | {"predictions": []}
    task["annotations"] = [{"completed_by": 4, "result": list(results)}]
    return task | ({"data": data} if data else {})


def a_result(kind: str, name: str, to: str = "text", **value: Any) -> dict[str, Any]:
    return {"type": kind, "from_name": name, "to_name": to, "value": value}


def test_annotators_are_people_and_predictions_judges(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, label_studio()), "label_studio")
    assert texts(draft) == ["Add.\n\n", "It is 6."]
    assert said(draft) == [
        ("label_studio/4", "verdict", 0, "good", ""),
        ("label_studio/4", "verdict", 1, "bad", "5, not 6"),
        ("label_studio/m1", "verdict", 0, "good", ""),
    ]
    assert [label.rater.kind for label in draft.labels] == [
        RaterKind.PERSON,
        RaterKind.PERSON,
        RaterKind.JUDGE,
    ]
    assert draft.external_id == "label-studio-12"
    # Nobody's address comes along.
    assert "example.org" not in str(draft)


def test_spans_speak_of_every_step_they_touch(tmp_path: Path) -> None:
    text = "We add.\n\nIt is 6.\n\nSo 6."
    span = {"start": text.index("It"), "end": len(text), "labels": ["sign", "arithmetic"]}
    task = a_task(a_result("labels", "errors", **span), question="2 + 3?", solution=text)
    draft = one_trace(written(tmp_path, task), "label_studio")
    assert said(draft) == [
        ("label_studio/4", "errors", 1, "arithmetic sign", ""),
        ("label_studio/4", "errors", 2, "arithmetic sign", ""),
    ]
    assert draft.labels[0].evidence == {"spans": [{"start": 9, "end": len(text)}]}


def test_ratings_choices_and_words_about_the_whole(tmp_path: Path) -> None:
    results = (
        a_result("rating", "quality", rating=4),
        a_result("choices", "done", choices=["Yes, it is"]),
        a_result("textarea", "remark", text=["Fine.", "Short."]),
    )
    options = ReadOptions(columns={"result": "done"}, values={"Yes, it is": "success"})
    draft = one_trace(written(tmp_path, a_task(*results)), "label_studio", options)
    assert said(draft) == [
        ("label_studio/4", "quality", None, "4", ""),
        ("label_studio/4", "result", None, "success", ""),
        ("label_studio/4", "remark", None, "", "Fine.\nShort."),
    ]


def test_ground_truth_is_gold(tmp_path: Path) -> None:
    task = a_task(a_result("choices", "verdict", "step_1", choices=["good"]))
    task["annotations"][0]["ground_truth"] = True
    draft = one_trace(written(tmp_path, task), "label_studio")
    assert (draft.labels[0].rater.kind, draft.labels[0].position) == (RaterKind.GOLD, 1)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (a_result("rectanglelabels", "box", x=1, y=2, width=3, height=4), "marks a region of an image"),
        (a_result("choices", "verdict", "step_0", choices=["sort of"]), "'sort of' stands for no level"),
        (a_result("choices", "verdict", "step_0"), "holds no choices"),
        (a_result("labels", "errors", start=0, end=4, labels=["a"]), "not cut from one text"),
        ({"type": "relation", "from_id": "a", "to_id": "b"}, "relations between results"),
    ],
)
def test_what_has_no_place_in_a_rubric_refuses_the_row(
    tmp_path: Path, result: dict[str, Any], reason: str
) -> None:
    assert reason in bad(written(tmp_path, a_task(result)))[1]


def test_annotation_of_nobody_and_span_outside_are_refused(tmp_path: Path) -> None:
    task = a_task(a_result("choices", "verdict", choices=["good"]))
    task["annotations"][0]["completed_by"] = None
    assert bad(written(tmp_path, task))[0] == "annotations[0].completed_by"
    span = a_result("labels", "errors", start=0, end=99, labels=["a"])
    field, reason = bad(written(tmp_path, a_task(span, question="q", solution="a\n\nb")))
    assert (field, reason) == (
        "annotations[0].result[0].value.start",
        "lies outside the text of 4 characters",
    )
