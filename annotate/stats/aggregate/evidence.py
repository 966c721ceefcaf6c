"""What the labels say of each unit's true level, and how likely they are."""

from __future__ import annotations

import numpy as np

from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.sums import Sums
from annotate.stats.codes import FloatArray

# The logarithm of a probability of 0 is that of this number: small enough to change no likelihood, and two levels that
# are both impossible can still be compared by what else speaks for them.
LEAST = 1e-300


def vote_shares(answers: Answers) -> FloatArray:
    """(n_levels, n_units) shares of each unit's votes, known answers in their place."""
    votes = answers.votes()
    return answers.clamp(votes / votes.sum(axis=0))


def posterior_of(answers: Answers, scores: FloatArray) -> tuple[FloatArray, float]:
    """Posterior and log-likelihood from (n_levels, n_units) joint log-probabilities, which are overwritten."""
    known = np.flatnonzero(answers.is_known)
    given = float(scores[answers.known[known], known].sum())
    top = scores.max(axis=0)
    scores -= top
    np.exp(scores, out=scores)
    total = scores.sum(axis=0)
    scores /= total
    evidence = top + np.log(total)
    if len(known):
        evidence[known] = 0.0
        answers.clamp(scores)
    return scores, float(evidence.sum()) + given


def log_likelihood_under(answers: Answers, table: FloatArray, prevalence: FloatArray, sums: Sums) -> float:
    """Of the labels, under a (n_raters, given level, true level) table of probabilities."""
    scores = sums.to_units(floored_log(table).reshape(-1, answers.n_levels))
    scores += floored_log(prevalence)[:, None]
    return posterior_of(answers, scores)[1]


def floored_log(probability: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.maximum(probability, LEAST)), dtype=np.float64)
