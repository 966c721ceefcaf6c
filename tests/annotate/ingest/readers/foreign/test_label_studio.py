"""What a running Label Studio 1.23.2 exported (write_label_studio.py), by each of its ways out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from annotate.enums import RaterKind
from annotate.ingest.actions import ingest_file
from annotate.ingest.drafts import PairDraft, TraceDraft
from annotate.ingest.founding import add_criteria
from annotate.ingest.options import ReadOptions
from annotate.ingest.presets import PREFERENCE
from annotate.models import Label, Pair
from tests.annotate.ingest.readers.foreign import FOLDER
from tests.annotate.ingest.readers.reading import bad, drafts, one_trace, read, texts, written
from tests.factories import a_project

PEOPLE = [
    ("label_studio/2", "verdict", 0, "good", ""),
    ("label_studio/2", "clarity", 0, "5", ""),
    ("label_studio/2", "verdict", 1, "bad", ""),
    ("label_studio/2", "reason", 1, "", "19 - 5 is 14."),
    ("label_studio/2", "kinds", 1, "carry sign", ""),
    ("label_studio/2", "verdict", 2, "bad", ""),
    ("label_studio/2", "clarity", 2, "2", ""),
    ("label_studio/2", "result", None, "failure", ""),
    ("label_studio/2", "minutes", None, "4", ""),
    ("label_studio/2", "remark", None, "", "One slip.\nCarried on."),
    ("label_studio/3", "verdict", 0, "good", ""),
    ("label_studio/3", "verdict", 1, "neutral", ""),
    ("label_studio/3", "verdict", 2, "bad", ""),
]
CHECKER = [
    ("label_studio/checker-2", "verdict", 1, "bad", ""),
    ("label_studio/checker-2", "verdict", 0, "good", ""),
]
GOLD = [
    ("gold/label_studio", "verdict", 0, "good", ""),
    ("gold/label_studio", "verdict", 1, "good", ""),
]


def said(draft: object) -> list[tuple[str, str, int | None, str, str]]:
    assert isinstance(draft, TraceDraft)
    return [(one.rater.name, one.criterion, one.position, one.value, one.text) for one in draft.labels]


def left_out(draft: object) -> dict[str, int]:
    assert isinstance(draft, TraceDraft)
    found: dict[str, int] = draft.meta.get("label_studio", {}).get("left_out", {})
    return found


def test_repeater_is_read_step_by_step_and_what_says_nothing_is_counted() -> None:
    first, second, third = drafts(FOLDER / "label_studio.json", "label_studio")
    assert isinstance(first, TraceDraft)
    assert (first.external_id, first.meta["source"]) == ("label-studio-1", "made up")
    assert first.problem.text == "A jar holds 12 beans. Eva adds 7 and takes out 5. How many are left?"
    assert texts(first) == ["12 + 7 = 19.\n\n", "19 - 5 = 13.\n\n", "So 13 beans are left."]
    assert {one.rater.kind for one in first.labels} == {RaterKind.PERSON}
    # The usual export names predictions and drafts by number only.
    assert (said(first), left_out(first)) == (PEOPLE, {"predictions by number": 1})
    assert (said(second), left_out(second)) == (GOLD, {"cancelled": 1, "drafts": 1})
    assert isinstance(second, TraceDraft)
    assert second.steps[1].text == "3 * 6 = 18. Größe: 18 ✓"
    assert (said(third), left_out(third)) == ([], {"drafts": 1})


def test_snapshot_holds_predictions_and_drafts_in_full() -> None:
    path = FOLDER / "label_studio_snapshot.json"
    first, second, third = drafts(path, "label_studio")
    assert (said(first), left_out(first)) == (PEOPLE + CHECKER, {})
    assert (said(second), left_out(second)) == (GOLD, {"cancelled": 1, "drafts": 1})
    assert (said(third), left_out(third)) == ([], {"drafts": 1})
    assert isinstance(first, TraceDraft)
    assert (first.labels[-1].rater.kind, first.labels[-1].evidence) == (RaterKind.JUDGE, {"score": 0.75})
    assert "ann@example.com" in path.read_text()
    assert "example.com" not in str((first, second, third))


def test_tasks_of_the_api_say_the_same() -> None:
    first, second = drafts(FOLDER / "label_studio_tasks.json", "label_studio")
    assert (said(first), said(second)) == (PEOPLE + CHECKER, GOLD)
    assert left_out(second) == {"cancelled": 1}


def test_question_in_words_may_be_the_reason_of_another() -> None:
    options = ReadOptions(columns={"verdict.text": "reason"})
    first, *_ = drafts(FOLDER / "label_studio.json", "label_studio", options)
    assert [one for one in said(first) if one[4]] == [
        ("label_studio/2", "verdict", 1, "bad", "19 - 5 is 14."),
        ("label_studio/2", "remark", None, "", "One slip.\nCarried on."),
    ]


def test_reason_without_its_label_answers_no_question() -> None:
    options = ReadOptions(columns={"kinds.text": "reason"})
    first, *_ = drafts(FOLDER / "label_studio.json", "label_studio", options)
    assert isinstance(first, TraceDraft)
    (label,) = (one for one in first.labels if one.text == "19 - 5 is 14.")
    assert (label.criterion, label.value, label.is_optional) == ("kinds", "carry sign", False)
    options = ReadOptions(columns={"clarity.text": "reason"})
    first, *_ = drafts(FOLDER / "label_studio.json", "label_studio", options)
    assert isinstance(first, TraceDraft)
    (label,) = (one for one in first.labels if one.text == "19 - 5 is 14.")
    # Clarity was not rated at this step.
    assert (label.criterion, label.value, label.is_optional) == ("clarity.text", "", True)


def test_regions_of_a_text_with_words_about_them() -> None:
    draft = one_trace(FOLDER / "label_studio_spans.json", "label_studio")
    assert texts(draft) == ["Let x be the price.\n\n", "2x + 3 = 11, so 2x = 14.\n\n", "Hence x = 7."]
    assert said(draft) == [
        ("label_studio/2", "mistakes", 1, "sign", ""),
        ("label_studio/2", "why", 1, "", "11 - 3 is 8."),
        ("label_studio/2", "topic", None, "linear", ""),
        ("label_studio/3", "mistakes", 1, "carry", ""),
        ("label_studio/3", "mistakes", 2, "carry", ""),
    ]
    assert draft.labels[3].evidence == {"spans": [{"start": 37, "end": 52}]}


def test_paragraphs_are_steps(tmp_path: Path) -> None:
    path = FOLDER / "label_studio_paragraphs.json"
    draft = one_trace(path, "label_studio")
    assert texts(draft) == ["12 + 7 = 19.\n\n", "19 - 5 = 13.\n\n", "So 13."]
    assert said(draft) == [
        ("label_studio/2", "verdict", 0, "good", ""),
        ("label_studio/2", "verdict", 1, "bad", ""),
        ("label_studio/2", "error_kind", 1, "arithmetic", ""),
        ("label_studio/3", "verdict", 0, "good", ""),
        ("label_studio/3", "verdict", 1, "bad", ""),
        ("label_studio/3", "verdict", 2, "bad", ""),
    ]
    outside = path.read_text().replace('"end":"2"', '"end":"3"')
    assert bad(written(tmp_path, outside)) == (
        "annotations[1].result[1].value.start",
        "lies outside the steps 0 to 2",
    )
    words = path.read_text().replace('"end":"2"', '"end":"/div[1]"')
    assert "counts paragraphs" in bad(written(tmp_path, words))[1]


def test_comparisons_are_pairs_once_for_each_who_chose() -> None:
    found = drafts(FOLDER / "label_studio_pairwise.json", "label_studio")
    sides = []
    for draft in found:
        assert isinstance(draft, PairDraft)
        assert draft.label is not None
        assert (draft.label.criterion, draft.label.value, draft.label.position) == (
            "preference",
            "left",
            None,
        )
        sides.append((draft.label.rater.name, draft.first.external_id, draft.second.external_id))
    # The third reader of the second task skipped it.
    assert sides == [
        ("label_studio/2", "label-studio-6-first", "label-studio-6-second"),
        ("label_studio/3", "label-studio-6-second", "label-studio-6-first"),
        ("label_studio/2", "label-studio-7-second", "label-studio-7-first"),
    ]
    assert isinstance(found[2], PairDraft)
    assert (texts(found[2].first), found[2].first.problem.text) == (["9 - 4 = 5."], "What is 9 - 4?")
    assert left_out(found[2].first) == {"cancelled": 1}


def test_comparison_of_fields_of_other_names_is_told_by_a_mapping(tmp_path: Path) -> None:
    given = (FOLDER / "label_studio_pairwise.json").read_text()
    path = written(tmp_path, given.replace('"first,second"', '"txt-1,txt-2"'))
    _, (row, _) = read(path)
    assert "say which is the first (map first=FIELD)" in getattr(row, "reason", "")
    options = ReadOptions(columns={"first": "first", "second": "second", "better": "preference"})
    found = drafts(path, "label_studio", options)
    assert [one.label.criterion for one in found if isinstance(one, PairDraft) and one.label] == [
        "better"
    ] * 3


@pytest.mark.parametrize("name", ["label_studio_min.json", "label_studio.csv"])
def test_exports_that_mix_answers_with_data_are_known_and_refused(name: str) -> None:
    found, rows = read(FOLDER / name)
    assert (found, [getattr(row, "field", "") for row in rows]) == ("label_studio", ["annotator"] * 3)
    assert all("export as JSON" in getattr(row, "reason", "") for row in rows)
    assert [type(row).__name__ for row in read(FOLDER / name, "table")[1]] == ["Row"] * 3


def test_tabs_are_known_as_commas_are(tmp_path: Path) -> None:
    with (FOLDER / "label_studio.csv").open(newline="") as file, (tmp_path / "in.tsv").open("w") as tabs:
        csv.writer(tabs, delimiter="\t").writerows(csv.reader(file))
    assert read(tmp_path / "in.tsv")[0] == "label_studio"


@pytest.mark.django_db
def test_project_comes_in_with_its_people_and_what_is_not_asked_is_counted() -> None:
    project = a_project()
    report = ingest_file(project, FOLDER / "label_studio_snapshot.json")
    assert (report.format, report.created, report.rejected) == ("label_studio", 3, 0)
    # Clarity, reasons, kinds, the result, minutes and the remark are no questions of this rubric.
    assert (report.labels, report.left_out) == (10, 7)
    found = Label.objects.live().filter(trace=None).select_related("rater", "step__trace")
    assert {
        (one.rater.name, one.step.trace.external_id, one.step.position, one.value)
        for one in found
        if one.step
    } == {
        (rater, trace, position, value)
        for trace, labels in (("label-studio-1", PEOPLE + CHECKER), ("label-studio-2", GOLD))
        for rater, criterion, position, value, _ in labels
        if criterion == "verdict"
    }
    again = ingest_file(project, FOLDER / "label_studio_snapshot.json")
    assert (again.created, again.updated, again.unchanged, again.labels) == (0, 0, 3, 0)


@pytest.mark.django_db
def test_pairs_come_in_with_what_each_person_chose() -> None:
    project = a_project()
    add_criteria(project, [PREFERENCE])
    report = ingest_file(project, FOLDER / "label_studio_pairwise.json")
    assert (report.rejected, report.pairs, report.labels) == (0, 2, 3)
    chosen = set()
    for pair in Pair.objects.select_related("left_trace", "right_trace"):
        for label in Label.objects.filter(pair=pair).select_related("rater"):
            better = pair.left_trace if label.value == "left" else pair.right_trace
            assert better is not None
            chosen.add((label.rater.name, better.external_id))
    assert chosen == {
        ("label_studio/2", "label-studio-6-first"),
        ("label_studio/3", "label-studio-6-second"),
        ("label_studio/2", "label-studio-7-second"),
    }
