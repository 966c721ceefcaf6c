r"""How far to believe readers where no truth is known: as far as what some say foretells what others say.

.. math::

    \beta_k = \arg\max_{\beta \le 1} \sum_r v_r \log \sum_e q^\beta_{-f(r)}(e) \, P_r(r \mid e)
    - \frac{\lambda}{2} (\beta - 1)^2

Twenty judges who tend to overlook the same errors are surer together than any held-out one of them bears out. q leaves
out all that the reader's family f has said, so that nobody is foretold from themselves; v is how much a trace counts.
Each kind of rater has its :math:`\beta`, and readers who err independently keep 1. More than 1 is not believed: raters
who repeat each other foretell each other as well. A power on a likelihood that is known to be wrong in shape is a
generalised posterior (Bissiri, Holmes & Walker 2016, doi:10.1111/rssb.12158).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import KINDS
from annotate.stats.locate.model import FIRST_RATER, Model, Weights
from annotate.stats.locate.readings import said_by_families
from annotate.stats.locate.signals import Signals

_TIE = 25.0
# Powers that are tried: each a tenth less than the one before, to about a sixth.
_TRIED = 0.9 ** np.arange(18)
_LEAST = 1e-12


def foretelling_trust(model: Model, signals: Signals, weights: Weights, voice: FloatArray) -> FloatArray:
    """(n_channels,) trust in the readers of each kind, by what those of other families say of the same traces."""
    kinds = model.raters.kind[signals.evidence.reports.rater]
    found = model
    for kind in range(len(KINDS)):
        if (kinds == kind).any():
            tried = [_trusting(found, kind, power) for power in _TRIED.tolist()]
            values = [_value(one, signals, weights, voice) for one in tried]
            penalties = _TIE / 2 * (_TRIED - 1) ** 2
            found = tried[int(np.argmax(np.array(values) - penalties))]
    return found.trust


def _trusting(model: Model, kind: int, power: float) -> Model:
    trust = model.trust.copy()
    trust[FIRST_RATER + kind] = power
    return replace(model, trust=trust)


def _value(model: Model, signals: Signals, weights: Weights, voice: FloatArray) -> float:
    """The log-probability of every report, given all that was said by others."""
    reports, row = signals.evidence.reports, signals.row
    said, begins, group = said_by_families(model, signals, weights)
    score = (
        model.score(signals, weights)[signals.at]
        - said[begins[group][row] + signals.layout.place[signals.at]]
    )
    full = Weights(np.ones(len(reports)), weights.verdict)
    start = _starts(row, len(reports))
    top = np.maximum.reduceat(score, start)
    belief = np.exp(score - top[row])
    chance = np.add.reduceat(belief * np.exp(model.report_terms(signals, full)), start) / np.add.reduceat(
        belief, start
    )
    return float(voice[reports.trace] @ np.log(np.maximum(chance, _LEAST)))


def _starts(row: IntArray, n: int) -> IntArray:
    """Where the places of each report begin among all places of all reports."""
    size = np.bincount(row, minlength=n)
    return np.cumsum(size) - size
