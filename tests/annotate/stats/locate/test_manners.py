from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.calibration import calibration_error
from annotate.stats.locate import habits, manners, scans, shifts
from annotate.stats.locate.evidence import UNKNOWN
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.manners import NOT_LOOKING, SCANNING, Manners
from tests.benchmarks.bench_scanning import most_bad, most_named, skene_by_places, skene_by_steps
from tests.benchmarks.made.scanning import Plan, Reader, scanned
from tests.benchmarks.made.signals import Made

# Two who see much and imagine much, two who are cautious, one who is poor at both.
SCANNERS = (
    Reader(hit=0.9, false=0.08, behind=0.5),
    Reader(hit=0.85, false=0.06, behind=0.4),
    Reader(hit=0.6, false=0.01, behind=0.3),
    Reader(hit=0.7, false=0.02, behind=0.5),
    Reader(hit=0.45, false=0.06, behind=0.2),
)
PLAN = Plan("scans", n_traces=800, sound=0.4, gold=0.0, shortest=4, longest=16, kind=0, readers=SCANNERS)
CENTRED = replace(PLAN, readers=tuple(replace(one, manner="centred", false=0.02) for one in SCANNERS))


def fitted(plan: Plan, seed: int) -> tuple[Made, LocationFit]:
    one = scanned(plan, seed)
    return one, locate(one.evidence)


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_reports_add_up_to_one_wherever_the_error_is(length: int) -> None:
    tables = Manners(
        *(one.ASSUMED / one.ASSUMED.sum(axis=-1, keepdims=True) for one in (shifts, scans, habits, manners))
    )
    found = tables.likelihood(length)
    assert found.shape == (3, length + 1, length + 1)
    assert found.sum(axis=1) == pytest.approx(np.ones((3, length + 1)))


def test_who_scans_is_told_from_who_names_a_place_about_the_error() -> None:
    shares = [fitted(plan, 77)[1].model.manner[:, -1, 0, SCANNING] for plan in (PLAN, CENTRED)]
    assert shares[0].min() > shares[1].max()


def test_the_rates_of_a_reader_who_scans_are_found_without_gold() -> None:
    flags = fitted(PLAN, 78)[1].model.scan[:, -1, :, scans.FLAGS]
    assert flags[:, scans.WITHIN] == pytest.approx([one.false for one in SCANNERS], abs=0.02)
    assert flags[:, scans.ERROR] == pytest.approx([one.hit for one in SCANNERS], abs=0.1)


def test_where_readers_scan_no_simpler_rule_places_errors_better() -> None:
    one, fit = fitted(PLAN, 79)
    found = fit.posterior(one.evidence)
    right = (found.best == one.truth).mean()
    for rule in (most_named, most_bad, skene_by_steps, skene_by_places):
        assert right > (rule(one.evidence) == one.truth).mean() - 0.005
    assert calibration_error(found.confidence, (found.best == one.truth).astype(float)) < 0.05


def test_a_reader_who_never_finds_anything_takes_nothing_from_the_others() -> None:
    some = replace(PLAN, readers=(*SCANNERS, Reader(manner="clears")))
    one, fit = fitted(some, 80)
    others = one.evidence.reports.take(one.evidence.reports.rater < len(SCANNERS))
    alone = replace(one.evidence, reports=others)
    without = locate(alone).posterior(alone)
    share = [(found.best == one.truth).mean() for found in (fit.posterior(one.evidence), without)]
    assert share[0] > share[1] - 0.01


def test_a_reader_who_names_the_same_place_whatever_stands_there_is_no_witness() -> None:
    some = replace(PLAN, readers=(*SCANNERS[:2], Reader(manner="favourite", place=3)))
    one, fit = fitted(some, 82)
    assert fit.model.manner[2, -1, 0, NOT_LOOKING] > 0.8
    right = (fit.posterior(one.evidence).best == one.truth).mean()
    for rule in (most_named, most_bad, skene_by_steps, skene_by_places):
        assert right > (rule(one.evidence) == one.truth).mean() - 0.005


def test_known_answers_help_and_are_kept_out_of_what_is_measured() -> None:
    one, fit = fitted(replace(PLAN, gold=0.1), 81)
    unknown = one.evidence.gold == UNKNOWN
    assert fit.n_gold == (~unknown).sum() > 40
    found = fit.posterior(one.evidence.without_gold())
    right = (found.best == one.truth)[unknown]
    assert right.mean() > (most_named(one.evidence) == one.truth)[unknown].mean()
    assert calibration_error(found.confidence[unknown], right.astype(float)) < 0.06
