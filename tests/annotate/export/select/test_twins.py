from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.export.select.twins import twins
from annotate.ingest.actions import ingest_file
from annotate.models import Run, Trace
from tests.factories import a_project

pytestmark = pytest.mark.django_db

PROBLEM = (
    "Natalia sold clips to 48 of her friends in April, and then half as many in May. How many did she sell?"
)
STEPS = [
    "In April Natalia sold 48 clips to her friends, as the problem says in its first sentence.",
    "In May she sold half as many, which is 48 / 2 = 24 clips in that month alone.",
    "Altogether she sold the clips of both months, so we add the two numbers that we have found above.",
    "48 + 24 = 72 clips altogether in April and May, which is the answer to the question.",
]


def a_run(tmp_path: Path, *traces: tuple[str, list[str], str]) -> Run:
    """Each a problem, steps and a letter of ann's for each step: good, bad, or - for nothing."""
    project = a_project()
    rows: list[dict[str, Any]] = [
        {
            "id": f"t{n}",
            "problem": {"text": problem},
            "steps": steps,
            "labels": [
                {"step": k, "rater": "ann", "value": {"g": "good", "b": "bad"}[letter]}
                for k, letter in enumerate(letters)
                if letter != "-"
            ],
        }
        for n, (problem, steps, letters) in enumerate(traces)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert ingest_file(project, file).created == len(rows)
    return run_consensus(project, policy="majority")


def dropped(run: Run, similarity: float = 0.8) -> set[str]:
    names = dict(Trace.objects.filter(project=run.project).values_list("pk", "external_id"))
    problems = dict(Trace.objects.filter(project=run.project).values_list("pk", "problem__external_id"))
    return {names[pk] for pk in twins(run, problems, similarity)}


def changed(old: str, new: str) -> list[str]:
    return [step.replace(old, new) for step in STEPS]


def test_the_same_in_nearly_the_same_words_is_a_twin(tmp_path):
    run = a_run(
        tmp_path,
        (PROBLEM, STEPS, "gggg"),
        (PROBLEM, changed("altogether in", "in all in"), "gggg"),
        (PROBLEM, changed("the problem", "THE  PROBLEM,"), "gggg"),
        (PROBLEM, ["Half of 48 is 24.", "Together they are 72."], "gg"),
    )
    assert dropped(run) == {"t1", "t2"}
    assert dropped(run, 1.0) == {"t2"}


def test_a_trace_with_another_number_or_sign_is_none(tmp_path):
    run = a_run(
        tmp_path,
        (PROBLEM, STEPS, "gggg"),
        (PROBLEM, changed("24", "26"), "gggg"),
        (PROBLEM, changed("48 / 2", "48 * 2"), "gggg"),
    )
    assert dropped(run) == set()


@pytest.mark.parametrize("letters", ["gggb", "ggg-", "-ggg"])
def test_a_trace_with_another_label_is_none(tmp_path, letters):
    """Nor one that has a label where the other has none, whichever comes first."""
    for first, second in (("gggg", letters), (letters, "gggg")):
        run = a_run(tmp_path, (PROBLEM, STEPS, first), (PROBLEM, changed("altogether", "in all"), second))
        assert dropped(run) == set()


def test_traces_of_problems_with_the_same_words_are_compared_and_of_others_not(tmp_path):
    run = a_run(
        tmp_path,
        (PROBLEM, STEPS, "gggg"),
        (PROBLEM.upper(), STEPS, "gggg"),
        (PROBLEM.replace("48", "50"), STEPS, "gggg"),
    )
    assert dropped(run) == {"t1"}
