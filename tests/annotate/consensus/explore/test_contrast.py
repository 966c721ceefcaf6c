from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.explore.columns import Columns
from annotate.consensus.explore.contrast import Verdict, contrast_of
from annotate.enums import Action
from annotate.errors import Rejected

from .columns import some_columns

KEEP, ASK = Action.KEEP, Action.ASK
GOOD, BAD, OPEN = Verdict("keep", "good"), Verdict("keep", "bad"), Verdict("ask", "")


def test_steps_fall_into_the_cell_of_what_both_said():
    left = some_columns("ggb-", gold="gbbg", action=[KEEP, KEEP, KEEP, ASK])
    right = some_columns("gbbg", gold="gbbg")

    found = contrast_of(left, right)

    assert (found.n, found.n_differing, found.only_left, found.only_right) == (4, 2, 0, 0)
    cell = found.cell(GOOD, BAD)
    assert cell is not None
    assert (cell.n, cell.judged, cell.left_right, cell.right_right) == (1, 1, 0, 1)
    assert found.steps(GOOD.key, BAD.key).tolist() == [11]
    assert found.steps(OPEN.key, GOOD.key).tolist() == [13]
    assert found.steps().tolist() == [11, 13]
    assert found.steps("keep:nonsense", GOOD.key).tolist() == []
    assert found.parted == (1, 0, 1)
    assert (found.left_wrong.k, found.left_wrong.n) == (1, 3)
    assert (found.right_wrong.k, found.right_wrong.n) == (0, 4)


def test_a_run_against_itself_differs_nowhere():
    columns = some_columns("gbn-", gold="gg--")

    found = contrast_of(columns, columns)

    assert found.n_differing == 0
    assert sum(cell.n for cell in found.cells) == 4
    assert found.left_wrong == found.right_wrong


def test_runs_over_different_steps_meet_where_they_can():
    left = some_columns("ggbb")
    right = some_columns("bgg")
    right.step[:] = [12, 99, 11]

    found = contrast_of(left, right)

    assert (found.n, found.only_left, found.only_right) == (2, 2, 1)
    assert found.steps().tolist() == []
    assert sorted((cell.left.level, cell.right.level) for cell in found.cells) == [
        ("bad", "bad"),
        ("good", "good"),
    ]


def test_levels_that_one_run_does_not_know_keep_their_names():
    left = some_columns("gg")
    other = some_columns("gb")
    right = Columns(
        ("bad", "neutral", "excellent"),
        *(
            getattr(other, name)
            for name in ("step", "trace", "action", "level", "believed", "risk", "gold", "behind")
        ),
    )

    found = contrast_of(left, right)

    assert {one.level for one in found.rights} == {"excellent", "bad"}
    assert found.n_differing == 2


def test_nothing_in_common_is_refused():
    right = some_columns("gg")
    right.step[:] = [1, 2]
    with pytest.raises(Rejected, match="no step in common"):
        contrast_of(some_columns("gg"), right)


def test_a_million_steps_are_compared_at_once():
    rng = np.random.default_rng(1)
    letters = np.array(list("gbn-"))
    left, right = ("".join(rng.choice(letters, 100_000)) for _ in range(2))

    found = contrast_of(some_columns(left), some_columns(right))

    assert sum(cell.n for cell in found.cells) == 100_000
    assert len(found.steps()) == found.n_differing
