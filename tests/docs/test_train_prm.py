"""The trainer that the documents give, on a release of traces whose errors are known, with a very small model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.export.actions import export_run
from annotate.ingest.actions import ingest_file
from fixtures.tinylm.problems import problems_of
from fixtures.tinylm.slips import draw_trace
from tests.factories import a_project
from tests.paths import REPOSITORY

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

N_TRACES = 1000


def some_traces(seed: str) -> list[dict[str, Any]]:
    """Three of four with a wrong operation somewhere; what is said of them ends with the error."""
    random = Random(seed)
    problems = problems_of("train", random, n_events=2)
    rows: list[dict[str, Any]] = []
    while len(rows) < N_TRACES:
        trace = draw_trace(next(problems), random, kind="operation" if random.random() < 0.75 else None)
        if trace is None:
            continue
        first = trace.first_error
        kept = trace.steps if first is None else trace.steps[: first + 1]
        said = [
            {"step": place, "rater": "lena", "value": "bad" if place == first else "good"}
            for place in range(len(kept))
        ]
        rows.append(
            {
                "id": f"t{len(rows)}",
                "problem": {"text": trace.problem.text},
                "steps": [{"text": step.text} for step in trace.steps],
                "labels": said,
            }
        )
    return rows


def run_trainer(release: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    command = [
        sys.executable,
        str(REPOSITORY / "docs/train_prm.py"),
        str(release),
        "--model",
        str(REPOSITORY / "fixtures/models/judge"),
        "--out",
        str(out),
        *more,
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_a_small_model_learns_from_a_release_and_beats_the_majority(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    project = a_project(slug="sums")
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in some_traces("train")))
    report = ingest_file(project, source, format="jsonl")
    assert not report.errors
    run = run_consensus(project, policy="majority")
    settings = {"validation_share": 0.2, "keeps_alike_together": False}
    export_run(run, tmp_path / "release", format="trl_stepwise", settings=settings)

    first, *reports, last = run_trainer(
        tmp_path / "release",
        tmp_path / "prm",
        *("--epochs", "1.5", "--batch", "8", "--learning-rate", "2e-3", "--report", "30"),
    )

    losses = [line["loss"] for line in reports]
    assert losses[-1] < losses[0]
    assert last["after"]["loss"] < first["before"]["loss"]
    assert last["after"]["steps"] > 200
    # Better than calling every step right, by more than two standard errors of the difference at most.
    margin = 2 * (0.25 / last["after"]["steps"]) ** 0.5
    assert last["after"]["accuracy"] > last["after"]["majority"] + margin
    scores_again(tmp_path / "prm", tmp_path / "release", last["after"]["accuracy"])


def scores_again(model: Path, release: Path, accuracy: float) -> None:
    """What was saved scores as it did, used as the script says."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    sys.path.insert(0, str(REPOSITORY / "docs"))
    try:
        from train_prm import encode
    finally:
        sys.path.pop(0)
    tokenizer = AutoTokenizer.from_pretrained(model)
    found = AutoModelForTokenClassification.from_pretrained(model).eval()
    hits = []
    for line in (release / "data/validation.jsonl").read_text().splitlines()[:40]:
        row = json.loads(line)
        tokens, places = encode(tokenizer, row["prompt"], row["completions"], "\n")
        with torch.no_grad():
            logits = found(input_ids=torch.tensor([tokens])).logits[0, places, 0]
        hits += [(logit > 0) == label for logit, label in zip(logits.tolist(), row["labels"], strict=True)]
    assert abs(sum(hits) / len(hits) - accuracy) < 0.2


def test_labels_align_with_the_separators_end() -> None:
    sys.path.insert(0, str(REPOSITORY / "docs"))
    try:
        from train_prm import encode
    finally:
        sys.path.pop(0)

    class Letters:
        bos_token_id = 1

        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            assert not add_special_tokens
            return [ord(letter) for letter in text]

    tokens, places = encode(Letters(), "ab", ["c", "de"], "\n\n")
    assert "".join(map(chr, tokens[1:])) == "ab\n\nc\n\nde\n\n"
    assert places == [7, 11]
    assert [tokens[place] for place in places] == [10, 10]


def test_a_release_without_anything_held_back_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.jsonl").write_text(
        json.dumps({"prompt": "a", "completions": ["b"], "labels": [True]}) + "\n"
    )
    with pytest.raises(AssertionError, match="both are needed"):
        run_trainer(tmp_path, tmp_path / "out")
