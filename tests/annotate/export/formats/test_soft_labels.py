from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.export.actions import export_run
from annotate.models import Consensus
from tests.annotate.export.decided import Decided, a_decided_project
from tests.annotate.export.published import rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided() -> Decided:
    """One trace whose steps all have a probability, one with a step that has none."""
    decided = a_decided_project(whole=("gb", "gb"), part=("gg", "gg"))
    for name, probabilities in (("whole", (0.9, 0.75)), ("part", (0.8, None))):
        for position, probability in enumerate(probabilities):
            Consensus.objects.filter(step__trace=decided.traces[name], step__position=position).update(
                probability=probability
            )
    return decided


def exported(decided: Decided, out: Path, **settings: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    manifest = export_run(decided.run, out, format="soft_labels", settings=settings)
    return rows_of(out / "data/train.jsonl"), manifest


def test_a_label_is_the_probability_of_good(decided, tmp_path):
    rows, manifest = exported(decided, tmp_path / "out")

    assert [row["labels"] for row in rows] == [[0.9, 0.25], [0.8]]
    assert rows[0]["scores"] == {
        "min": 0.25,
        "product": pytest.approx(0.225),
        "last": 0.25,
        "mean": pytest.approx(0.575),
        "pure": pytest.approx(0.2509, abs=1e-3),
    }
    assert set(rows[1]["scores"].values()) == {None}
    assert manifest["counts"]["steps_cut_off"] == 1


def test_a_step_without_one_may_be_taken_as_certain_and_says_so(decided, tmp_path):
    rows, manifest = exported(decided, tmp_path / "out", without="certain")

    assert rows[1]["labels"] == [0.8, 1.0]
    assert rows[1]["is_certain"] == [False, True]
    assert manifest["counts"]["steps_taken_as_certain"] == 1


def test_a_policy_without_probabilities_is_refused_at_once(tmp_path):
    decided = a_decided_project(whole=("g", "g"))

    with pytest.raises(Rejected, match="majority gives no probabilities") as refusal:
        exported(decided, tmp_path / "out")
    assert refusal.value.field == "without"
