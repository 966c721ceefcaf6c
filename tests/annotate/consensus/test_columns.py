from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.columns import Columns
from annotate.consensus.readings import one_each
from annotate.consensus.reliability import Copies
from tests.annotate.consensus.policies.evidence import ANN, BEN, GOLD, VERDICT, a_corpus_of, gold_of


def read(said, gold=()) -> Columns:
    columns = Columns(VERDICT.levels)
    columns.read(
        a_corpus_of(said),
        lambda step, key: {r: v for r, v in one_each(step.votes).items() if r != GOLD.rater},
        Copies([]),
    )
    columns.add_gold(gold, [ANN.rater, BEN.rater])
    return columns


def test_votes_become_a_table_of_places():
    columns = read({ANN: "gb-", BEN: "gnu"})

    assert list(zip(columns.step, columns.rater, columns.level, strict=True)) == [
        (0, 5, 2),
        (0, 6, 2),
        (1, 5, 0),
        (1, 6, 1),
    ]
    assert (len(columns.table()), columns.raters, columns.n_known) == (4, {5, 6}, 0)


def test_gold_is_known_and_its_readings_are_votes_once():
    within = gold_of(ANN, "g", "b", first=0)
    apart = gold_of(BEN, "gu", "gg", first=70) + gold_of(BEN, "b", "g", first=70)
    columns = read({ANN: "gb", GOLD: "-b"}, [*within, *apart, *gold_of(BEN, "n", "n", first=90)])

    assert columns.known == {0: 0, 1: 0, 70: 2, 71: 2, 90: 1}
    # step 0 by ann is there already, step 70 by ben is contradicted, 71 unsure
    assert list(columns.step) == [0, 1, 90]
    assert columns.n_known == 3


def test_leaving_raters_out_and_sampling_whole_steps():
    columns = read({ANN: "gb" * 30, BEN: "gn" * 30})

    assert columns.without([BEN.rater]).raters == {ANN.rater}
    sample = columns.sample(40)
    assert len(sample.step) == 40
    assert all(list(sample.step).count(step) == 2 for step in set(sample.step))
    assert columns.sample(500) is columns


@pytest.mark.parametrize("length", [2, 3, 4, 5, 8])
def test_a_sample_reads_every_place_of_traces_of_one_length(length):
    columns = Columns(("low", "high"))
    for step in range(4000 * length):
        columns.add(step, {1: "low", 2: "high"})

    drawn = np.unique(columns.sample(8000).codes("step"))

    by_place = np.bincount(drawn % length, minlength=length)
    assert len(drawn) == 4000
    assert by_place.min() > 0.85 * 4000 / length
    # The same steps whatever was read beside them, and however often.
    assert (np.unique(columns.sample(8000).codes("step")) == drawn).all()


def test_no_votes_at_all():
    columns = read({ANN: "--"})

    assert (columns.raters, columns.n_known, len(columns.sample(1).step)) == (set(), 0, 0)
