from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.locate.evidence import Evidence, Raters, Reports
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.manners import SHIFTING
from annotate.stats.locate.newcomers import joined_by
from annotate.stats.locate.stored import as_json, from_json
from tests.benchmarks.made.signals import JUDGES, World, made

ONE = made(World(n_traces=300), seed=5)
FIT = locate(ONE.evidence)


def test_a_fit_comes_back_to_the_last_bit() -> None:
    again = from_json(json.loads(json.dumps(as_json(FIT))))

    assert (again.posterior(ONE.evidence).probability == FIT.posterior(ONE.evidence).probability).all()
    assert (again.n_gold, again.n_others, again.assumed, again.history) == (
        FIT.n_gold,
        FIT.n_others,
        FIT.assumed,
        FIT.history,
    )
    assert as_json(again) == as_json(FIT)


def test_a_fit_of_nobody_comes_back_too() -> None:
    fit = locate(Evidence.of([2, 3]))

    assert as_json(from_json(as_json(fit))) == as_json(fit)


def test_a_fit_of_the_first_version_believes_what_it_believed() -> None:
    only_shifts = np.zeros_like(FIT.model.manner)
    only_shifts[..., SHIFTING] = 1.0
    fit = replace(FIT, model=replace(FIT.model, manner=only_shifts))
    new = {f"{name}{pseudo}" for name in ("scan", "habit", "manner") for pseudo in ("", "_pseudo")}
    stored = {name: value for name, value in as_json(fit).items() if name not in new}

    again = from_json(json.loads(json.dumps(stored | {"version": 1})))

    assert (again.posterior(ONE.evidence).probability == fit.posterior(ONE.evidence).probability).all()
    assert (again.posterior(ONE.evidence).probability != FIT.posterior(ONE.evidence).probability).any()
    with pytest.raises(Rejected):
        from_json(stored)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": 3}, "version"),
        ({"version": None}, "version"),
        ({"trust": [1.0]}, "fit"),
        ({"shift": [[1.0]]}, "fit"),
        ({"scan": [[1.0]]}, "fit"),
        ({"habit": [[1.0]]}, "fit"),
        ({"manner_pseudo": None}, "fit"),
        ({"raters": {"kind": [7], "family": [0]}}, "kind"),
        ({"dependence": {"pair": [3, 1], "rho": [0.1, 0.1], "n_pairs": [1, 1]}}, "fit"),
        ({"trust": [float("nan")] * 5}, "fit"),
    ],
)
def test_what_is_no_fit_of_this_version_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        from_json(as_json(FIT) | change)

    assert refused.value.field == field


def test_newcomers_change_nothing_until_they_speak_and_count_as_whom_they_are_taken_for() -> None:
    judge = 0
    joined = joined_by(FIT, [judge])
    evidence = replace(ONE.evidence, raters=joined.model.raters)
    assert (joined.posterior(evidence).probability == FIT.posterior(ONE.evidence).probability).all()

    said = {"trace": np.zeros(1, dtype=np.int64), "place": np.array([1])}
    one, other = (
        Evidence.of([4], raters=joined.model.raters, reports=Reports(rater=np.array([who]), **said))
        for who in (judge, len(JUDGES) + 5)
    )
    assert len(joined.model.raters) == len(JUDGES) + 6
    assert joined.posterior(one).probability == pytest.approx(joined.posterior(other).probability)


def heard(fit: LocationFit, *votes: tuple[int, int]) -> FloatArray:
    """What is believed of a trace of four steps after these votes: (rater, place)."""
    rater, place = np.array(votes).T
    reports = Reports(np.zeros(len(votes), dtype=np.int64), rater, place)
    return fit.posterior(Evidence.of([4], raters=fit.model.raters, reports=reports)).probability


@pytest.mark.parametrize("rater", [0, len(JUDGES) - 1])
def test_the_same_rater_once_more_counts_as_more_votes_of_theirs(rater: int) -> None:
    last = len(FIT.model.raters)
    joined = joined_by(FIT, [rater, rater], [rater, rater])
    other = next(code for code in range(len(JUDGES)) if code != rater)

    more = heard(joined, (rater, 1), (other, 2), (last, 1), (last, 1), (last + 1, 3))
    votes = heard(FIT, (rater, 1), (other, 2), (rater, 1), (rater, 1), (rater, 3))
    strangers = heard(joined_by(FIT, [rater, rater]), (rater, 1), (other, 2), (last, 1), (last, 1))

    assert more == pytest.approx(votes)
    assert strangers[1] > heard(joined, (rater, 1), (other, 2), (last, 1), (last, 1))[1]
    assert joined.model.raters.family[last] == FIT.model.raters.family[rater]


def test_newcomers_of_a_family_count_less_than_strangers() -> None:
    last = len(FIT.model.raters)
    mean, rater = len(JUDGES), 0
    in_family = joined_by(FIT, [mean, mean], [rater, last])
    votes = ((rater, 1), (last, 1), (last + 1, 1))

    assert in_family.model.raters.family[last:].tolist() == [FIT.model.raters.family[rater]] * 2
    assert heard(in_family, *votes)[1] < heard(joined_by(FIT, [mean, mean]), *votes)[1]
    alone = joined_by(FIT, [mean, mean], [-1, last]).model.raters.family
    assert alone[last] == alone[last + 1]
    assert alone[last] not in FIT.model.raters.family


@pytest.mark.parametrize(("like", "family"), [([1], None), ([0], [1]), ([0], [-2]), ([0], [0, 0])])
def test_nobody_can_be_taken_for_a_rater_there_is_not(like: list[int], family: list[int] | None) -> None:
    with pytest.raises(Rejected):
        joined_by(locate(Evidence.of([2], raters=Raters.of([0]))), like, family)
