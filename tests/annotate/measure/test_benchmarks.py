from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.errors import Conflict, Rejected
from annotate.ingest.actions import ingest_file
from annotate.measure.benchmarks import (
    evaluate_prmbench,
    evaluate_processbench,
    first_error_in,
    labels_of_rater,
    predictions_in,
)
from tests.factories import a_label, a_project, a_rater, a_trace
from tests.paths import data_file

pytestmark = pytest.mark.django_db


def a_file(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def solution(name: str, label: int, n: int = 3) -> dict[str, Any]:
    return {
        "id": name,
        "generator": "tiny",
        "problem": f"How much is {name}?",
        "steps": [f"{name} step {i}" for i in range(n)],
        "final_answer_correct": label == -1,
        "label": label,
    }


@pytest.mark.parametrize(
    ("levels", "place"),
    [
        (["good", "neutral", "bad", ""], 2),
        (["good", "good"], -1),
        (["good", "", "bad"], None),
        (["unsure", "bad"], None),
        (["good", ""], None),
    ],
    ids=["bad", "none", "gap", "unsure", "stopped"],
)
def test_the_first_error_is_known_only_behind_known_steps(levels, place):
    assert first_error_in(levels) == place


def test_a_raters_labels_are_scored(tmp_path):
    rows = [solution("gsm8k-0", 1), solution("gsm8k-1", -1), solution("math-0", 0), solution("math-1", -1)]
    file = a_file(tmp_path / "in.jsonl", *rows)
    project = a_project(slug="bench")
    ingest_file(project, file, format="processbench")
    ann = a_rater(project, name="Ann Archer")
    said = {"gsm8k-0": "gb", "gsm8k-1": "ggg", "math-0": "gb", "math-1": "gg"}
    levels = {"g": "good", "b": "bad"}
    for name, letters in said.items():
        steps = project.traces.get(external_id=name).steps.all()
        for step, letter in zip(steps, letters, strict=False):
            a_label(ann, step, levels[letter])

    score, threshold = evaluate_processbench([file], labels_of_rater(project, "Ann Archer"))

    gsm8k, math = score.subsets
    assert threshold is None
    assert gsm8k.f1.value == 1.0
    # One place missed by one; one trace left in the middle, which is unknown and counts as wrong.
    assert (math.on_wrong.value, math.on_right.value, math.n_unknown) == (0.0, 0.0, 1)
    assert score.f1.value == 0.5
    with pytest.raises(Rejected, match="no rater"):
        labels_of_rater(project, "Ben")
    a_rater(project, RaterKind.JUDGE, "judge/silent")
    with pytest.raises(Conflict, match="no labels by verdict"):
        labels_of_rater(project, "judge/silent")


def test_predictions_are_places_labels_or_scores(tmp_path):
    file = a_file(tmp_path / "in.jsonl", solution("gsm8k-0", 1), solution("gsm8k-1", -1))
    places = a_file(
        tmp_path / "places.jsonl", {"id": "gsm8k-0", "prediction": 1}, {"id": "gsm8k-1", "prediction": None}
    )
    labels = a_file(
        tmp_path / "labels.jsonl",
        {"id": "gsm8k-0", "labels": [1, 0, 0]},
        {"id": "gsm8k-1", "labels": [True, True, True]},
    )
    scores = a_file(
        tmp_path / "scores.jsonl",
        {"id": "gsm8k-0", "scores": [0.9, 0.4, 0.8]},
        {"id": "gsm8k-1", "scores": [0.9, 0.6, 0.7]},
    )

    score, _ = evaluate_processbench([file], predictions_in(places))
    assert (score.subsets[0].on_wrong.value, score.subsets[0].on_right.value) == (1.0, 0.0)
    assert evaluate_processbench([file], predictions_in(labels))[0].f1.value == 1.0
    chosen, threshold = evaluate_processbench([file], predictions_in(scores))
    assert chosen.f1.value == 1.0
    assert 0.4 < threshold <= 0.6
    given, _ = evaluate_processbench([file], predictions_in(scores), threshold=0.65)
    assert given.f1.value == 0.0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prediction": 1}, "needs an id"),
        ({"id": "a", "prediction": -2}, "counted from 0"),
        ({"id": "a", "prediction": True}, "counted from 0"),
        ({"id": "a", "labels": [2]}, "0 and 1"),
        ({"id": "a", "scores": ["x"]}, "a prediction, labels or scores"),
        ({"id": "a"}, "a prediction, labels or scores"),
    ],
    ids=["id", "below", "flag", "labels", "scores", "empty"],
)
def test_a_prediction_that_is_none_is_located(tmp_path, row, reason):
    with pytest.raises(Rejected, match=reason) as refusal:
        predictions_in(a_file(tmp_path / "p.jsonl", row))
    assert refusal.value.row == 1


def test_another_number_of_steps_is_refused(tmp_path):
    file = a_file(tmp_path / "in.jsonl", solution("gsm8k-0", 1))
    labels = predictions_in(a_file(tmp_path / "p.jsonl", {"id": "gsm8k-0", "labels": [1]}))
    with pytest.raises(Rejected, match="3 steps and 1 predictions"):
        evaluate_processbench([file], labels)


def test_gold_scores_one_on_the_public_files_and_saying_right_scores_nought(tmp_path):
    files = [data_file("processbench/gsm8k.json.gz"), data_file("processbench/math.json.gz")]
    project = a_project(slug="bench")
    ingest_file(project, files[0], format="processbench")

    score, _ = evaluate_processbench(files[:1], labels_of_rater(project, "gold/processbench"))

    assert (score.subsets[0].n_wrong, score.subsets[0].n_right) == (207, 193)
    assert score.f1.value == 1.0
    names = [f"{subset}-{n}" for subset, k in (("gsm8k", 400), ("math", 1000)) for n in range(k)]
    blind = a_file(tmp_path / "p.jsonl", *({"id": name, "prediction": -1} for name in names))
    score, _ = evaluate_processbench(files, predictions_in(blind))
    assert [(one.n_wrong, one.n_right) for one in score.subsets] == [(207, 193), (594, 406)]
    assert [one.on_right.value for one in score.subsets] == [1.0, 1.0]
    assert score.f1.value == 0.0


def prm_row(idx: str, kind: str, errors: list[int], n: int = 3) -> dict[str, Any]:
    return {
        "idx": idx,
        "classification": kind,
        "modified_process": [f"{i}." for i in range(n)],
        "error_steps": errors,
    }


def test_prmbench_counts_steps_from_one_and_reads_its_own_results(tmp_path):
    file = a_file(
        tmp_path / "in.jsonl",
        prm_row("p_0", "circular", [2, 9]),
        prm_row("p_0", "deception", [3]),
        prm_row("p_0", "deception", [1]),
    )
    results = a_file(
        tmp_path / "out.jsonl",
        {
            "idx": "circular_p_0",
            "scores": {
                "step_level_validity_labels": [1, 1, 1],
                "step_level_redundancy_labels": [0, 1, 0],
            },
        },
        {"idx": "deception_p_0", "scores": {"step_level_validity_labels": [1, 1, 0]}},
    )

    score, _ = evaluate_prmbench([file], predictions_in(results))

    assert (score.n, score.n_valid) == (2, 2)
    assert score.total.score.value == 1.0
    assert score.total.n_steps == 6


def test_prmbench_from_stored_labels(tmp_path):
    file = a_file(
        tmp_path / "in.jsonl", prm_row("p_0", "redundency", [2], 2), prm_row("p_1", "deception", [2], 2)
    )
    project = a_project(slug="bench")
    judge = a_rater(project, RaterKind.JUDGE, "judge/one@v1")
    for name in ("redundency-p_0", "deception-p_1"):
        trace = a_trace(project, n_steps=2, external_id=name)
        for step, value in zip(trace.steps.all(), ("good", "neutral"), strict=True):
            a_label(judge, step, value)

    score, _ = evaluate_prmbench([file], labels_of_rater(project, "judge/one@v1"))

    # A step that adds nothing is an error where redundancy is the error, and none elsewhere.
    assert {one.name: one.score.value for one in score.classes} == {
        "redundency": 1.0,
        "deception": pytest.approx(1 / 3),
    }


def test_the_public_prmbench_files_are_read(tmp_path):
    file = data_file("prmbench/prm800k_test_p1_4o_circular.jsonl.gz")
    import gzip

    with gzip.open(file, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    perfect = a_file(
        tmp_path / "p.jsonl",
        *(
            {
                "idx": f"{row['classification']}_{row['idx']}",
                "labels": [int(i + 1 not in row["error_steps"]) for i in range(len(row["modified_process"]))],
            }
            for row in rows
        ),
    )
    score, _ = evaluate_prmbench([file], predictions_in(perfect))
    assert score.total.score.value == 1.0
    assert score.n_valid == len({row["idx"] for row in rows})
