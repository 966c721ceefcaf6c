"""What variational Bayes needs of the Dirichlet distribution: expectations, divergences, a prior learnt from rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.aggregate.gamma import digamma, log_gamma, trigamma
from annotate.stats.codes import BoolArray, FloatArray

# Steps per call: the caller comes back with better counts anyway.
_STEPS = 3


def expected_log(alpha: FloatArray) -> FloatArray:
    r""":math:`E \log \theta` under Dirichlet rows along the last axis: :math:`\psi(\alpha_l) - \psi(\sum \alpha)`."""
    return digamma(alpha) - digamma(alpha.sum(axis=-1, keepdims=True))


def divergence(alpha: FloatArray, prior: FloatArray) -> float:
    """Kullback–Leibler divergence of Dirichlet(alpha) from Dirichlet(prior), summed over all rows."""
    spread = (alpha - prior) * expected_log(alpha)
    return float(
        spread.sum() - log_beta(alpha).sum() + np.broadcast_to(log_beta(prior), alpha.shape[:-1]).sum()
    )


def log_beta(alpha: FloatArray) -> FloatArray:
    """Logarithm of the normalising constant of Dirichlet rows."""
    return np.asarray(log_gamma(alpha).sum(axis=-1) - log_gamma(alpha.sum(axis=-1)))


@dataclass(frozen=True, slots=True, eq=False)
class SharedPrior:
    r"""How likely counts (n_raters, K, L) are when row k of every rater is drawn from one Dirichlet(b_k).

    .. math:: \sum_j [\log B(b_k + N_{jk}) - \log B(b_k)] + \sum_l [(s - 1) \log b_{kl} - r b_{kl}]

    The gamma hyperprior of shape s and rate r keeps raters who are all alike from making a prior infinitely sure of
    itself, and raters with hardly any labels from making it nothing.
    """

    counts: FloatArray
    shape: float
    rate: float

    def log_hyperprior(self, b: FloatArray) -> FloatArray:
        """(K,) values, up to a constant."""
        return np.asarray(((self.shape - 1) * np.log(b) - self.rate * b).sum(axis=1), dtype=np.float64)

    def value(self, b: FloatArray) -> FloatArray:
        """(K,) values for (K, L) priors."""
        gain = log_beta(b + self.counts).sum(axis=0) - len(self.counts) * log_beta(b)
        return np.asarray(gain + self.log_hyperprior(b), dtype=np.float64)

    def raised(self, b: FloatArray) -> FloatArray:
        """Better priors: Newton's step where it raises a row's value, else the fixed point, which never lowers it.

        Both are of Minka (2000), "Estimating a Dirichlet distribution": the Hessian is diagonal plus a constant, so
        that Newton's step costs as much as the gradient.
        """
        value = self.value(b)
        for _ in range(_STEPS):
            newton, fixed = self._steps(b)
            risen = np.full(len(b), -np.inf)
            possible = _positive(newton)
            risen[possible] = self.value(np.where(possible[:, None], newton, b))[possible]
            is_better = risen > value
            b = np.where(is_better[:, None], newton, fixed)
            value = np.where(is_better, risen, value) if is_better.all() else self.value(b)
        return b

    def _steps(self, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        n, total = len(self.counts), b.sum(axis=1)
        filled, filled_total = self.counts + b, self.counts.sum(axis=2) + total
        up = digamma(filled).sum(axis=0) - n * digamma(b)
        down = digamma(filled_total).sum(axis=0) - n * digamma(total) + self.rate
        curve = trigamma(filled).sum(axis=0) - n * trigamma(b)
        shared = n * trigamma(total) - trigamma(filled_total).sum(axis=0)
        up += (self.shape - 1) / b
        curve -= (self.shape - 1) / b**2
        gradient = up - down[:, None]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            offset = (gradient / curve).sum(axis=1) / (1 / shared + (1 / curve).sum(axis=1))
            newton = b - (gradient - offset[:, None]) / curve
        return newton, np.maximum(b * up / down[:, None], _LEAST)


# A level that nobody gave for a true level would have a pseudo-count of 0, which has no logarithm.
_LEAST = 1e-6


def _positive(b: FloatArray) -> BoolArray:
    return np.asarray((np.isfinite(b) & (b >= _LEAST)).all(axis=1), dtype=np.bool_)
