from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.locate.evidence import JUDGE, Evidence, Raters, Reports
from annotate.stats.locate.fit import locate
from annotate.stats.locate.model import FIRST_RATER

_CHANNEL = FIRST_RATER + JUDGE
_STEPS = 6


def _judged(n_traces: int, n_judges: int, seen: FloatArray, *, one_family: bool = False) -> Evidence:
    """An error in two traces of three, which a judge sees with `seen` (n_traces, n_judges), and none elsewhere."""
    rng = np.random.default_rng(7)
    error = np.where(rng.random(n_traces) < 2 / 3, rng.integers(_STEPS, size=n_traces), -1)
    sees = rng.random((n_traces, n_judges)) < seen
    place = np.where(sees, error[:, None], -1)
    imagines = rng.random((n_traces, n_judges)) < 0.1
    place = np.where(imagines, rng.integers(_STEPS, size=place.shape), place)
    trace, judge = np.divmod(np.arange(place.size), n_judges)
    family = [0] * n_judges if one_family else list(range(n_judges))
    return Evidence.of(
        np.full(n_traces, _STEPS),
        raters=Raters.of([JUDGE] * n_judges, family),
        reports=Reports(trace, judge, place.reshape(-1)),
    )


def test_judges_who_err_independently_are_believed() -> None:
    fit = locate(_judged(600, 8, np.full((600, 8), 0.7)))
    assert fit.model.trust[_CHANNEL] >= 0.9


def test_judges_who_overlook_the_same_errors_are_turned_down() -> None:
    """Half of the errors are seen by nearly all of them, half by hardly any: together they know less than it seems."""
    plain = np.where(np.arange(600) % 2 == 0, 0.9, 0.15)[:, None]
    evidence = _judged(600, 8, np.broadcast_to(plain, (600, 8)))
    fit = locate(evidence)
    assert fit.model.trust[_CHANNEL] < 0.85
    assert any("foretell" in told for told in fit.assumed)


def test_one_family_foretells_nobody() -> None:
    fit = locate(_judged(200, 4, np.full((200, 4), 0.7), one_family=True))
    assert fit.model.trust == pytest.approx(np.ones(len(fit.model.trust)))
