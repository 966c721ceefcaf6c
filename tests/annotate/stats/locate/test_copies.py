from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.locate.copies import without_copies
from annotate.stats.locate.decide import BEHIND, FIRST_ERROR, statuses, true_statuses
from annotate.stats.locate.evidence import JUDGE, PERSON, Evidence, Raters, Reports, Verdicts
from annotate.stats.locate.fit import locate
from annotate.stats.locate.model import FIRST_RATER
from tests.benchmarks.made.signals import Reader, World, made

_ALONE = World(n_traces=800, gold=0.0, has_rollouts=False, has_verifier=False)
_FIRST, _THIRD = Reader(JUDGE, 0), Reader(JUDGE, 2)
_PEOPLE = tuple(Reader(PERSON, 10 + i, seen=0.93, spread=0.3, clears=0.95, share=0.1) for i in range(4))


def _copy(family: int = 1, of: int = 0) -> Reader:
    """Nine in ten are the first's; `_exact` makes it ten."""
    return Reader(JUDGE, family, manner="copies", copies=of)


def _world(*readers: Reader, seed: int = 3, rate: float = 1.0) -> tuple[Evidence, np.ndarray]:
    one = made(replace(_ALONE, readers=readers), seed)
    reports = one.evidence.reports
    place = reports.place.copy()
    said = {
        rater: dict(
            zip(reports.trace[reports.rater == rater].tolist(), place[reports.rater == rater], strict=True)
        )
        for rater in range(len(readers))
    }
    rng = np.random.default_rng(seed)
    for rater, reader in enumerate(readers):
        if reader.manner == "copies":
            for row in np.flatnonzero(reports.rater == rater).tolist():
                if rng.random() < rate:
                    place[row] = said[reader.copies][int(reports.trace[row])]
    return replace(one.evidence, reports=Reports(reports.trace, reports.rater, place)), one.truth


def _families(evidence: Evidence) -> list[int]:
    return without_copies(evidence)[0].raters.family[: len(evidence.raters) - 1].tolist()


def _wrong(evidence: Evidence, truth: np.ndarray) -> tuple[float, int, int]:
    """Of the steps that would be kept the share that is wrong; first errors kept, and how many of them are wrong."""
    found = locate(evidence).posterior(evidence)
    status, risk = statuses(found)
    wrong = status != true_statuses(found, truth)
    kept = (risk <= 0.02) & (status != BEHIND)
    errors = kept & (status == FIRST_ERROR)
    return float(wrong[kept].mean()), int(errors.sum()), int(wrong[errors].sum())


@pytest.mark.parametrize("rate", [0.8, 1.0])
def test_a_machine_that_repeats_another_is_of_its_family(rate: float) -> None:
    evidence, _ = _world(_FIRST, _copy(), _THIRD, _copy(3, of=2), rate=rate)
    assert _families(evidence) == [0, 0, 2, 2]
    assert any("4 machines repeat each other" in told for told in locate(evidence).assumed)


def test_machines_that_err_by_themselves_stay_apart() -> None:
    for readers in ((_FIRST, Reader(JUDGE, 1)), (_FIRST, Reader(JUDGE, 1), _THIRD, *_PEOPLE)):
        evidence, _ = _world(*readers)
        assert without_copies(evidence) == (evidence, 0)


def test_excellent_judges_vouch_for_each_other_and_people_are_no_copies() -> None:
    best = [
        Reader(kind, family, seen=0.995, spread=0.02, late=0.0, clears=0.99)
        for family, kind in enumerate((JUDGE, JUDGE, JUDGE, PERSON, PERSON))
    ]
    assert _families(_world(*best)[0]) == [0, 1, 2, 3, 4]
    # Two of them beside one poor judge look like a copy, and are taken for one.
    assert _families(_world(best[0], best[1], Reader(JUDGE, 2, seen=0.4, clears=0.6))[0]) == [0, 0, 2]


def test_few_common_readings_show_nothing() -> None:
    evidence, _ = _world(_FIRST, _copy())
    assert without_copies(evidence.take(np.arange(29)))[1] == 0
    assert without_copies(evidence.take(np.arange(60)))[1] == 2


def test_verdicts_on_steps_show_a_copy_too() -> None:
    rng = np.random.default_rng(1)
    trace, step = np.divmod(np.arange(400), 4)
    bad = rng.integers(0, 2, 400)
    other = np.where(rng.random(400) < 0.7, bad, 1 - bad)
    verdicts = Verdicts(
        np.tile(trace, 3), np.repeat([0, 1, 2], 400), np.tile(step, 3), np.concatenate([bad, bad, other])
    )
    evidence = Evidence.of(np.full(100, 4), raters=Raters.of([JUDGE] * 3), verdicts=verdicts)
    assert without_copies(evidence)[0].raters.family.tolist() == [0, 0, 2]


@pytest.mark.parametrize(
    "readers",
    [
        (_FIRST, _copy()),
        (_FIRST, _copy(0)),
        (_FIRST, _copy(), _copy(2)),
        (Reader(JUDGE, 0, manner="spams"), _copy()),
    ],
    ids=["other family", "same family", "two copies", "of a guesser"],
)
@pytest.mark.parametrize("rate", [0.8, 1.0])
def test_a_judge_and_its_copies_teach_nothing_of_themselves(readers: tuple[Reader, ...], rate: float) -> None:
    evidence, truth = _world(*readers, rate=rate)
    fit = locate(evidence)
    assert (fit.n_gold, fit.n_others) == (0, 0)
    assert "do not share a family" in fit.assumed[-1]
    # What is shown meanwhile is not surer for the copies either: no first error passes for certain.
    assert _wrong(evidence, truth)[1] == 0


@pytest.mark.parametrize("rate", [0.95, 1.0])
def test_a_copy_beside_an_independent_judge_is_no_majority(rate: float) -> None:
    evidence, truth = _world(_FIRST, _copy(), _THIRD, rate=rate)
    wrong, errors, errors_wrong = _wrong(evidence, truth)
    assert wrong < 0.02
    assert errors_wrong <= 0.1 * errors


def test_a_copy_leaves_people_their_say() -> None:
    plain, truth = _world(_FIRST, *_PEOPLE)
    doubled, _ = _world(_FIRST, *_PEOPLE, _copy())
    assert locate(doubled).model.trust[FIRST_RATER + PERSON] > 0.85
    before, after = _wrong(plain, truth)[0], _wrong(doubled, truth)[0]
    assert after < max(before, 0.02)


def test_one_family_teaches_only_where_another_speaks() -> None:
    """Two judges of one base model who repeat each other's mistakes, everywhere, and a person on a tenth."""
    evidence, truth = _world(_FIRST, _copy(0), _PEOPLE[0], rate=0.8)
    fit = locate(evidence)
    read_by_person = np.unique(evidence.reports.trace[evidence.reports.rater == 2])
    assert fit.n_others == len(read_by_person)
    assert _wrong(evidence, truth)[1] <= 2
