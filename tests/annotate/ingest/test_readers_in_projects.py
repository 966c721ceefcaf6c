"""What files of other formats come to in a project: raters, labels by message, pairs, and questions nobody asked."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.actions import ingest_file, ingest_files
from annotate.ingest.founding import add_criteria, create_project
from annotate.ingest.lining_up import line_up
from annotate.ingest.options import ReadOptions
from annotate.ingest.pairing import pair_traces
from annotate.ingest.presets import PREFERENCE
from annotate.ingest.report import IngestReport
from annotate.models import Label, Lineup, Pair, Problem, Project, Rater, Step, Trace
from tests.annotate.ingest.files import a_file, a_row
from tests.annotate.ingest.readers.examples import RECORDS, inspect_archive, inspect_log
from tests.annotate.ingest.readers.reading import written
from tests.annotate.ingest.readers.test_agentprocessbench import a_judgement, a_trajectory
from tests.annotate.ingest.readers.test_every_reader import changed, places
from tests.factories import a_comparing_project, a_person, a_project
from tests.paths import DATA_DIR, data_file

pytestmark = pytest.mark.django_db


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def lines_of(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def agents(slug: str = "agents") -> Project:
    return create_project(a_person("alice"), name=slug, slug=slug, preset="agent-process")


@pytest.mark.parametrize("name", [name for name in RECORDS if name != "labels"])
def test_every_format_comes_in_and_twice_is_once(tmp_path: Path, name: str) -> None:
    project = a_project()
    path = written(tmp_path, RECORDS[name]())
    options = ReadOptions()
    report = ingest_file(project, path, options=options)
    assert (report.format, report.rejected, report.errors) == (name, 0, ())
    assert report.created == (2 if name == "preference" else 1)
    again = ingest_file(project, path, options=options)
    assert counts(again) == (0, 0, report.created, 0)
    assert (again.labels, again.pairs) == (0, 0)


# What one database or the other cannot hold, and what would not fit.
NASTY: tuple[Any, ...] = ("\ud800", "\x00", "x" * 300, "two\nlines", {"\ud800": 1}, {"a": "\x00"}, 10**15)


def one_of_many(record: dict[str, Any], number: int) -> dict[str, Any]:
    """The record with names and a problem of its own, so that no other row hides what is wrong with it."""
    text = (
        json.dumps(record).replace("2 + 3?", f"2 + {number}?").replace('"id": 12,', f'"id": {number + 100},')
    )
    text = text.replace('"query_index": 0', f'"query_index": {number}').replace(
        '"id": 3,', f'"id": {number},'
    )
    for name in ("aa11", "lf-1", "rec-1", '"m1"', '"t1"', '"g-0"', '"u1"', '"p1"'):
        text = text.replace(name, f"{name[:-1]}-{number}{name[-1]}")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("name", list(RECORDS))
def test_what_a_database_cannot_hold_never_reaches_it(tmp_path: Path, name: str) -> None:
    project = agents()
    record = RECORDS[name]()
    changes = [changed(record, way, value) for way in places(record) for value in NASTY]
    records = [one_of_many(one, number) for number, one in enumerate(changes)]
    if name == "inspect_ai":
        samples = [one["samples"] for one in records if isinstance(one["samples"], list)]
        records = [inspect_log(*(one for some in samples for one in some))]
    path = written(tmp_path, *records)
    report = ingest_file(project, path, format=name, is_dry_run=True)
    assert report.rejected > 0


def test_archive_comes_in(tmp_path: Path) -> None:
    report = ingest_file(a_project(), written(tmp_path, inspect_archive(), name="log.eval"))
    assert (report.format, report.created) == ("inspect_ai", 1)


def test_judges_label_trajectories_by_message(tmp_path: Path) -> None:
    project = agents()
    assert ingest_file(project, written(tmp_path, a_trajectory())).labels == 3
    report = ingest_file(project, written(tmp_path, a_judgement(step_labels={"2": 1, "4": 0})))
    assert (counts(report), report.labels) == ((1, 0, 0, 0), 3)
    judge = Rater.objects.get(name="tiny-judge")
    assert judge.kind == RaterKind.JUDGE
    found = Label.objects.filter(rater=judge).select_related("criterion", "step").order_by("pk")
    assert [
        (one.criterion.key, one.step.meta["message"] if one.step else None, one.value) for one in found
    ] == [
        ("verdict", 2, "good"),
        ("verdict", 4, "neutral"),
        ("result", None, "unclear"),
    ]
    again = ingest_file(project, written(tmp_path, a_judgement(step_labels={"2": 1})))
    assert (counts(again), again.labels) == ((0, 0, 1, 0), 0)


def test_another_judge_of_one_name_does_not_speak_over_the_first(tmp_path: Path) -> None:
    """Published files of one model with and without thinking name the same annotator."""
    project = agents()
    ingest_file(project, written(tmp_path, a_trajectory()))
    ingest_file(project, written(tmp_path, a_judgement(step_labels={"2": 1})))
    path = written(tmp_path, a_judgement(step_labels={"2": -1, "4": -1}))
    report = ingest_file(project, path)
    (error,) = report.errors
    assert (counts(report), report.labels, error.field) == ((0, 0, 0, 1), 0, "step_labels.2")
    assert "'tiny-judge' has said otherwise" in error.reason
    assert "(rater)" in error.reason
    other = ingest_file(project, path, options=ReadOptions(rater="tiny-judge-thinking"))
    assert (counts(other), other.labels) == ((1, 0, 0, 0), 3)
    corrected = ingest_file(project, path, options=ReadOptions(rater="tiny-judge"))
    assert (counts(corrected), corrected.labels) == ((0, 1, 0, 0), 2)


def test_sheet_is_entered_whole_or_not_at_all(tmp_path: Path) -> None:
    project = agents()
    ingest_file(project, written(tmp_path, a_trajectory()))
    n = Label.objects.count()
    report = ingest_file(project, written(tmp_path, a_judgement(step_labels={"2": 1, "3": 1, "9": 1})))
    (error,) = report.errors
    assert (error.field, error.reason) == ("step_labels.9", "the trace has no step of message 9")
    absent = ingest_file(project, written(tmp_path, a_judgement(record_id="toy:9:9")))
    assert [(one.line, one.field) for one in absent.errors] == [(1, "trace")]
    assert Label.objects.count() == n


def test_question_that_the_rubric_does_not_ask_is_left_out_and_counted(tmp_path: Path) -> None:
    project = a_project()
    report = ingest_file(project, written(tmp_path, a_trajectory()))
    assert (counts(report), report.labels, report.left_out) == ((1, 0, 0, 0), 2, 1)
    sheet = ingest_file(project, written(tmp_path, a_judgement()))
    assert (sheet.labels, sheet.left_out) == (1, 1)


def a_preference(name: str = "p1", **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "prompt": f"{name}: 2 + 3?",
        "chosen": f"{name} 5.",
        "rejected": f"{name} 6.",
    } | fields


def test_preferences_become_pairs_with_a_label(tmp_path: Path) -> None:
    project = a_project()
    add_criteria(project, [PREFERENCE])
    path = written(tmp_path, *(a_preference(f"p{n}") for n in range(8)))
    report = ingest_file(project, path, options=ReadOptions(rater="ann", rater_kind=RaterKind.PERSON))
    assert (counts(report), report.pairs, report.labels) == ((16, 0, 0, 0), 8, 8)
    sides = []
    for pair in Pair.objects.select_related("left_trace", "right_trace"):
        label = Label.objects.get(pair=pair)
        better = pair.left_trace if label.value == "left" else pair.right_trace
        assert better is not None
        assert better.text == f"{pair.external_id} 5."
        sides.append(label.value)
    # Which side the chosen one is on, is as good as drawn.
    assert set(sides) == {"left", "right"}
    again = ingest_file(project, path, options=ReadOptions(rater="ann", rater_kind=RaterKind.PERSON))
    assert (counts(again), again.pairs, again.labels) == ((0, 0, 16, 0), 0, 0)


def test_a_rater_chooses_once_in_a_file(tmp_path: Path) -> None:
    project = a_project()
    add_criteria(project, [PREFERENCE])
    row = {"prompt": "q", "chosen": "a", "rejected": "b"}
    turned = {"prompt": "q", "chosen": "b", "rejected": "a", "note": "the other way round"}
    path = written(tmp_path, row, {"prompt": "r", "chosen": "c", "rejected": "d"}, turned, row)

    report = ingest_file(project, path)

    assert [(one.line, one.field, one.reason) for one in report.errors] == [
        (3, "chosen", "line 1 has the same two answers with another choice by this rater")
    ]
    # Neither the choice of that row came in nor anything else it says.
    assert (report.rejected, report.pairs, report.labels, report.unchanged) == (1, 2, 2, 2)
    assert not Trace.objects.filter(meta__has_key="note").exists()
    chosen = Label.objects.live().get(pair__left_trace__problem__text="q")
    assert chosen.pair is not None
    side = chosen.pair.left_trace if chosen.value == "left" else chosen.pair.right_trace
    assert side is not None
    assert (side.text, Label.objects.count()) == ("a", 2)
    # Somebody else may choose otherwise, and a later file may correct this one.
    other = ingest_file(project, written(tmp_path, turned), options=ReadOptions(rater="ann"))
    assert (other.errors, Label.objects.live().count()) == ((), 3)
    later = ingest_file(project, written(tmp_path, turned))
    assert (later.errors, later.labels, Label.objects.live().count()) == ((), 1, 3)


def a_ranked(name: str, *orders: tuple[str, dict[str, int]], **fields: Any) -> dict[str, Any]:
    forms = [
        {
            "user_id": user,
            "value": [{"value": one, "rank": rank} for one, rank in ranks.items()],
            "status": "submitted",
        }
        for user, ranks in orders
    ]
    answers = {"question": f"{name}?", "a": "One.", "b": "Two.", "c": "Three."}
    return {"external_id": name, **(answers | fields), "order": forms}


def test_rankings_of_another_tool_become_lineups(tmp_path: Path) -> None:
    project = a_comparing_project(preset="ranking")
    orders = (("u1", {"a": 1, "b": 2, "c": 3}), ("u2", {"a": 2, "b": 1, "c": 2}))
    path = written(tmp_path, *(a_ranked(f"r{n}", *orders) for n in range(4)))

    report = ingest_file(project, path)

    assert (report.format, report.errors, report.created) == ("argilla", (), 12)
    assert (report.lineups, report.labels, report.left_out) == (4, 8, 0)
    places = set()
    for lineup in Lineup.objects.filter(project=project):
        entrants = lineup.entrants.select_related("trace")
        letter = {one.trace.external_id[-1]: one.letter for one in entrants}
        places.add("".join(letter[name] for name in "abc"))
        said = dict(Label.objects.filter(lineup=lineup).values_list("rater__name", "value"))
        tied = "=".join(sorted((letter["a"], letter["c"])))
        assert said == {
            "argilla/u1": f"{letter['a']}>{letter['b']}>{letter['c']}",
            "argilla/u2": f"{letter['b']}>{tied}",
        }
    # Where an answer stands is as good as drawn.
    assert len(places) > 1
    again = ingest_file(project, path)
    assert (counts(again), again.lineups, again.labels) == ((0, 0, 12, 0), 0, 0)
    assert line_up(project, size=3) == 0


def test_what_a_lineup_cannot_hold_is_refused_whole(tmp_path: Path) -> None:
    project = a_comparing_project(preset="ranking")
    first, second = ("u1", {"a": 1, "b": 2, "c": 3}), ("u1", {"a": 3, "b": 2, "c": 1})
    rows = [
        a_ranked("r1", first),
        a_ranked("r2", first, b="One."),
        a_ranked("r3", first, second),
        a_ranked("r1", second, note="the other way round"),
    ]

    report = ingest_file(project, written(tmp_path, *rows))

    assert [(one.line, one.field, one.reason) for one in report.errors] == [
        (2, None, "two of the answers are the same"),
        (3, "order[1].value", "this rater has put these in order already in the same row"),
        (4, "order[0].value", "line 1 has the same answers in another order by this rater"),
    ]
    assert (report.created, report.lineups, report.labels) == (3, 1, 1)
    assert not Trace.objects.filter(meta__has_key="note").exists()
    # Steps of what somebody has ranked stay as they are.
    (refused,) = ingest_file(project, written(tmp_path, a_ranked("r1", first, a="Another."))).errors
    assert (refused.field, refused.reason) == (
        "steps",
        "the steps have changed, but the trace is or was compared by somebody",
    )


def test_rankings_nobody_asked_for_are_left_out_and_counted(tmp_path: Path) -> None:
    project = a_project()
    report = ingest_file(project, written(tmp_path, a_ranked("r1", ("u1", {"a": 1, "b": 2, "c": 3}))))
    assert (report.errors, report.lineups, report.labels, report.left_out) == ((), 1, 0, 1)


def test_pairs_come_in_where_nothing_is_asked_about_them(tmp_path: Path) -> None:
    report = ingest_file(a_project(), written(tmp_path, a_preference()))
    assert (report.pairs, report.labels, report.left_out) == (1, 0, 1)
    (error,) = ingest_file(
        a_project(), written(tmp_path, a_preference()), options=ReadOptions(criterion="verdict")
    ).errors
    assert (error.field, "not about pairs" in error.reason) == ("chosen.criterion", True)


def test_pair_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    project = a_project()
    ingest_file(project, a_file(tmp_path, a_row("other", problem={"text": "p1: 2 + 3?"}, steps=["p1 6."])))
    report = ingest_file(
        project, written(tmp_path, a_preference(), a_preference("p2"), a_preference("p3", rejected="p3 5."))
    )
    assert [(error.line, error.field) for error in report.errors] == [(1, "id"), (3, None)]
    assert (counts(report), report.pairs) == ((2, 0, 0, 2), 1)
    assert {trace.text for trace in Trace.objects.all()} == {"p1 6.", "p2 5.", "p2 6."}
    assert Pair.objects.get().external_id == "p2"


def test_refused_pair_leaves_no_problem_behind(tmp_path: Path) -> None:
    project = a_project()
    ingest_file(project, written(tmp_path, a_preference()))
    # The same id with other answers to another prompt.
    report = ingest_file(project, written(tmp_path, a_preference(prompt="3 + 3?")))
    assert [(error.line, error.field) for error in report.errors] == [(1, "id")]
    assert (Problem.objects.count(), Trace.objects.count()) == (1, 2)


@pytest.mark.parametrize("names", [("1", "2", "3"), (None, None, None)])
def test_rows_share_answers_with_and_without_ids(tmp_path: Path, names: tuple[str | None, ...]) -> None:
    project = a_project()
    add_criteria(project, [PREFERENCE])
    sides = (("a", "b"), ("a", "c"), ("b", "c"))
    rows = [
        {"prompt": "q", "chosen": chosen, "rejected": rejected} | ({"id": name} if name else {})
        for name, (chosen, rejected) in zip(names, sides, strict=True)
    ]
    path = written(tmp_path, *rows)

    report = ingest_file(project, path)

    assert (report.errors, Trace.objects.count(), report.pairs, report.labels) == ((), 3, 3, 3)
    again = ingest_file(project, path)
    assert (again.errors, again.pairs, again.labels, Pair.objects.count()) == ((), 0, 0, 3)
    if all(names):
        assert set(Pair.objects.values_list("external_id", flat=True)) == set(names)
    # Whoever pairs the traces up finds them paired.
    assert pair_traces(project, per_problem=3) == 0


def test_an_id_is_of_one_pair(tmp_path: Path) -> None:
    project = a_project()
    row = {"id": "1", "prompt": "q", "chosen": "a", "rejected": "b"}
    report = ingest_file(project, written(tmp_path, row, row | {"rejected": "c"}, row | {"id": "2"}))
    assert [(error.line, error.field, error.reason) for error in report.errors] == [
        (2, "id", "a pair of other answers has this id")
    ]
    # Said again under another name, it is the same pair.
    assert (Pair.objects.get().external_id, Trace.objects.count()) == ("1", 2)


def test_shards_are_one_data_set_and_errors_name_their_file(tmp_path: Path) -> None:
    paths = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths.append(a_file(folder, a_row(f"t{number}"), a_row("x", steps=[]), name=f"part-{number}.jsonl"))
    seen: list[tuple[int, int]] = []
    report = ingest_files(a_project(), paths, on_progress=lambda *progress: seen.append(progress))
    assert counts(report) == (2, 0, 0, 2)
    assert [(error.file, error.line) for error in report.errors] == [("part-0.jsonl", 2), ("part-1.jsonl", 2)]
    assert seen[-1][0] == seen[-1][1] == sum(path.stat().st_size for path in paths)


def test_strict_shards_are_written_together_or_not(tmp_path: Path) -> None:
    good, broken = a_file(tmp_path, a_row()), a_file(tmp_path, a_row("x", steps=[]), name="b.jsonl")
    assert not ingest_files(a_project(), [good, broken], is_strict=True).is_written
    assert not Trace.objects.exists()


def test_option_without_use_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="has no use for it"):
        ingest_file(a_project(), a_file(tmp_path, a_row()), options=ReadOptions(rater="ann"))


def test_published_judges_label_trajectories_of_their_shape(tmp_path: Path) -> None:
    """All rows of one judge, on trajectories made here that have a message wherever the judge speaks of one."""
    path = data_file("agentprocessbench_nogold/Qwen3-4B/bfcl__blind_Qwen3-4B-Non-Thinking.jsonl.gz")
    rows = lines_of(path)
    wanted: dict[str, set[int]] = {}
    for judge in sorted((DATA_DIR / "agentprocessbench_nogold").glob("*/bfcl__*.jsonl.gz"))[:2]:
        for row in lines_of(judge):
            wanted.setdefault(row["record_id"], set()).update(map(int, row["step_labels"]))
    for row in rows:
        wanted[row["record_id"]].update(map(int, row["step_labels"]))
    trajectories = []
    for name, numbers in wanted.items():
        source, query, sample = name.rsplit(":", 2)
        messages = [
            {"role": "assistant", "content": f"{name} does {n}."}
            if n in numbers
            else {"role": "user", "content": f"{name} asks {n}."}
            for n in range(max(numbers) + 1)
        ]
        about = {"data_source": source, "query_index": int(query), "sample_index": int(sample)}
        trajectories.append(about | {"messages": messages, "step_labels": {}, "final_label": None})
    project = agents()
    assert ingest_file(project, written(tmp_path, *trajectories)).created == 250
    report = ingest_file(project, path, options=ReadOptions(rater="qwen3-4b"))
    n_labels = sum(value is not None for row in rows for value in row["step_labels"].values())
    failed = sum(row["comment"].startswith("llm_annotate_failed") for row in rows)
    assert counts(report) == (250 - failed, 0, 0, failed)
    assert report.labels == n_labels + 250 - failed
    assert Step.objects.filter(labels__isnull=False).distinct().count() == n_labels
