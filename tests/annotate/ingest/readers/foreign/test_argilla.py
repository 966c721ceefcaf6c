"""What Argilla's client 2.8.0 wrote of records on a server that three people had answered (write_argilla.py).

Nested (``to_json``) and flat (``to_datasets``, then Parquet, JSON Lines or CSV).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.actions import ingest_file
from annotate.ingest.drafts import BadRow, LabelSheet, LineupDraft, Row, TraceDraft
from annotate.ingest.options import ReadOptions
from annotate.models import Label, Trace
from tests.annotate.ingest.readers.foreign import FOLDER
from tests.annotate.ingest.readers.reading import drafts, read, texts
from tests.factories import a_comparing_project, a_project

pytest.importorskip("pyarrow")

SAID: list[tuple[str, str, int | None, str, str]] = [
    ("ann", "verdict", 0, "good", ""),
    ("ann", "verdict", 1, "bad", ""),
    ("ann", "verdict", 2, "bad", ""),
    ("ann", "kinds", None, "carry", ""),
    ("ann", "clarity", None, "4", ""),
    ("ann", "remark", None, "", "It goes wrong at the product."),
    ("ann", "mistakes", 1, "carry", ""),
    ("ann", "mistakes", 2, "carry", ""),
    ("ben", "verdict", 0, "good", ""),
    ("ben", "verdict", 1, "neutral", ""),
    ("ben", "clarity", None, "0", ""),
]
SUGGESTED: list[tuple[str, str, int | None, str, str]] = [
    ("critic", "verdict", 1, "bad", ""),
    ("critic", "kinds", None, "carry sign", ""),
    ("marker", "mistakes", 1, "carry", ""),
    ("suggestion", "remark", None, "", "The product is wrong."),
]


def people() -> dict[str, str]:
    """Their numbers in the files, which hold no names."""
    whole = json.loads((FOLDER / "argilla.json").read_text())
    ann, ben, cem = (one["user_id"] for one in whole[0]["responses"]["verdict_step_0"])
    return {f"argilla/{ann}": "ann", f"argilla/{ben}": "ben", f"argilla/{cem}": "cem"}


def said(draft: Any) -> list[tuple[str, str, int | None, str, str]]:
    names = people()
    return [
        (
            names.get(one.rater.name, one.rater.name.removeprefix("argilla/")),
            one.criterion,
            one.position,
            one.value,
            one.text,
        )
        for one in draft.labels
    ]


def left_out(draft: Any) -> dict[str, int]:
    found: dict[str, int] = draft.meta.get("argilla", {}).get("left_out", {})
    return found


def test_parquet_holds_who_submitted_what_and_every_suggestion() -> None:
    first, second, third = drafts(FOLDER / "argilla_flat.parquet", "argilla")
    assert isinstance(first, TraceDraft)
    assert (first.external_id, first.problem.text) == ("sum-1", "What is 3 * (4 + 2)?")
    assert texts(first) == ["4 + 2 = 6.\n\n", "3 * 6 = 16.\n\n", "So it is 16."]
    assert (first.meta["source"], first.meta["attempt"]) == ("made up", 2)
    assert sorted(said(first), key=str) == sorted(SAID + SUGGESTED, key=str)
    assert left_out(first) == {"draft": 1}
    scores = {one.criterion: one.evidence.get("score") for one in first.labels if "critic" in one.rater.name}
    assert scores == {"verdict": 0.9, "kinds": [0.8, 0.3]}
    kinds = {one.rater.name: one.rater.kind for one in first.labels}
    assert sorted(kinds.values()) == [RaterKind.JUDGE] * 3 + [RaterKind.PERSON] * 2
    assert isinstance(second, TraceDraft)
    assert (second.steps[0].text, left_out(second)) == ("8 / 2 = 4 ✓", {"discarded": 1})
    assert said(second) == [("ben", "verdict", 0, "good", "")]
    assert (said(third), left_out(third)) == ([], {"draft": 2})


def test_json_lines_name_suggested_labels_by_number_alone() -> None:
    """A label that nobody suggested has a number as well."""
    first, second, third = drafts(FOLDER / "argilla_flat.jsonl", "argilla")
    assert sorted(said(first), key=str) == sorted(SAID + SUGGESTED[1:], key=str)
    assert left_out(first) == {"draft": 1, "suggestion by number": 1}
    assert said(second) == [("ben", "verdict", 0, "good", "")]
    assert left_out(second) == {"discarded": 1, "suggestion by number": 1}
    assert (said(third), left_out(third)) == ([], {"draft": 2, "suggestion by number": 1})


@pytest.mark.parametrize("name", ["argilla.json", "argilla_ranked.json", "argilla_steps.json"])
def test_nested_records_do_not_say_what_was_submitted(name: str) -> None:
    found, rows = read(FOLDER / name)
    assert found == "argilla"
    assert {getattr(row, "reason", "")[:37] for row in rows} == {"does not say whether it was submitted"}


def test_nested_records_come_in_where_somebody_knows() -> None:
    options = ReadOptions(columns={"status": "submitted"})
    first, second, third = drafts(FOLDER / "argilla.json", "argilla", options)
    assert sorted(said(first), key=str) == sorted(
        [*SAID, *SUGGESTED, ("cem", "verdict", 0, "bad", "")], key=str
    )
    assert (said(second)[0], len(said(third))) == (("ann", "verdict", 0, "bad", ""), 2)


def test_records_of_single_steps_label_a_trace_that_is_here() -> None:
    sheets = drafts(FOLDER / "argilla_steps.json", "argilla", ReadOptions(columns={"status": "submitted"}))
    found = []
    for sheet in sheets:
        assert isinstance(sheet, LabelSheet)
        (label,) = sheet.labels
        found.append((sheet.trace, label.criterion, label.position, label.value))
    assert found == [("sum-1", "verdict", 0, "good"), ("sum-1", "verdict", 1, "bad")]


def test_ranking_stands_like_several_labels() -> None:
    options = ReadOptions(columns={"text": "first", "status": "submitted"})
    (draft,) = drafts(FOLDER / "argilla_ranked.json", "argilla", options)
    # Nothing in the file tells it from a question with several answers.
    assert said(draft) == [("ann", "order", None, "first second", "")]


def test_csv_of_such_records_is_known_and_refused() -> None:
    found, rows = read(FOLDER / "argilla_flat.csv")
    assert found == "argilla"
    assert [getattr(row, "reason", "") for row in rows] == ["must be a list, not a string"] * 3


@pytest.mark.django_db
def test_project_comes_in_with_its_people() -> None:
    project = a_project()
    report = ingest_file(project, FOLDER / "argilla_flat.parquet")
    assert (report.format, report.created, report.rejected) == ("argilla", 3, 0)
    # Kinds, clarity, mistakes and remarks are no questions of this rubric.
    assert (report.labels, report.left_out) == (7, 9)
    names = people()
    found = Label.objects.live().select_related("rater", "step__trace")
    assert {
        (names.get(one.rater.name, one.rater.name), one.step.trace.external_id, one.step.position, one.value)
        for one in found
        if one.step
    } == {
        ("ann", "sum-1", 0, "good"),
        ("ann", "sum-1", 1, "bad"),
        ("ann", "sum-1", 2, "bad"),
        ("ben", "sum-1", 0, "good"),
        ("ben", "sum-1", 1, "neutral"),
        ("argilla/critic", "sum-1", 1, "bad"),
        ("ben", "sum-2", 0, "good"),
    }


@pytest.mark.parametrize("name", ["argilla_first.parquet", "argilla_first.jsonl", "argilla_first.json"])
def test_the_first_version_holds_orders_with_their_people(name: str) -> None:
    found, (answered, untouched) = read(FOLDER / name)
    assert found == "argilla"
    assert isinstance(answered, Row)
    draft = answered.draft
    assert isinstance(draft, LineupDraft)
    assert [(one.external_id, one.problem.text, *texts(one)) for one in draft.traces] == [
        ("rank-1-first", "What is 6 * 7?", "42."),
        ("rank-1-second", "What is 6 * 7?", "43."),
        ("rank-1-third", "What is 6 * 7?", "It is 42."),
    ]
    assert [(one.rater.name[-6:], one.rater.kind, one.criterion, one.value) for one in draft.labels] == [
        ("000001", RaterKind.PERSON, "ranking", "a=c>b"),
        ("000002", RaterKind.PERSON, "ranking", "b>c>a"),
        ("critic", RaterKind.JUDGE, "ranking", "c>a>b"),
    ]
    assert draft.traces[0].meta["metadata"] == {"source": "made up"}
    # A remark, a rating and a choice of kinds say nothing of one answer.
    assert left_out(draft.traces[0]) == {"draft": 1, "beside": 3}
    # Nothing says which fields are answers where nobody has put them in order.
    assert isinstance(untouched, BadRow)
    assert untouched.reason == "holds neither steps nor a text to be cut"


@pytest.mark.django_db
def test_the_server_gives_out_orders_with_their_ranks() -> None:
    project = a_comparing_project(preset="ranking")
    report = ingest_file(project, FOLDER / "argilla_served.json")
    assert (report.format, report.errors, report.created) == ("argilla", (), 6)
    assert (report.lineups, report.labels) == (2, 4)
    found = Label.objects.select_related("lineup").filter(rater__project=project)
    said = set()
    for label in found:
        assert label.lineup is not None
        at = {one.letter: one.trace.external_id for one in label.lineup.entrants.select_related("trace")}
        ranks = [sorted(at[letter] for letter in rank.split("=")) for rank in label.value.split(">")]
        said.add(str(ranks))
    assert said == {
        str(ranks)
        for name in ("rank-0", "rank-1")
        for ranks in (
            [[f"{name}-first", f"{name}-third"], [f"{name}-second"]],
            [[f"{name}-second"], [f"{name}-third"], [f"{name}-first"]],
        )
    }
    first = Trace.objects.get(project=project, external_id="rank-0-first")
    # A suggestion names its question by a number there, and a remark is about no single answer.
    assert first.meta["argilla"] == {"left_out": {"draft": 1, "suggestion by number": 1, "beside": 1}}
