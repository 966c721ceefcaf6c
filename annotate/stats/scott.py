"""Scott's pi of two raters: Fleiss' kappa over the items that both labelled."""

from __future__ import annotations

from collections.abc import Hashable

from annotate.stats.chance import ChanceResult, chance_corrected
from annotate.stats.cross_table import CrossTable
from annotate.stats.fleiss import CommonShares
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Spacing, Weighting, agreement_weights


def scott_pi(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    raters: tuple[Hashable, Hashable] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Scott's pi, weighted if wanted: chance is two draws from the shares of both raters together.

    .. math:: \pi = \frac{p_o - p_e}{1 - p_e}, \qquad
        p_e = \sum_{kl} w_{kl} \frac{p_{k\cdot} + p_{\cdot k}}{2} \frac{p_{l\cdot} + p_{\cdot l}}{2}

    Unlike Cohen's kappa it takes a difference between the raters' shares as disagreement. Parameters and
    errors as for `cohen_kappa`.

    References
    ----------
    Scott, W. A. (1955). Reliability of content analysis: the case of nominal scale coding. Public Opinion
    Quarterly 19(3), 321-325. doi:10.1086/266577

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2, 3, 3, 4, 4], rater=["a", "b"] * 4, value=[1, 1, 1, 1, 1, 2, 2, 2])
    >>> round(scott_pi(table, resamples=0).value, 4)
    0.4667
    """
    table.refuse_weights("Scott's pi")
    both, weights = CrossTable.of(table, raters).both, agreement_weights(table, weighting, spacing)
    tally = Tally.of(both)
    chance = CommonShares(tally, weights, name="scott")
    return chance_corrected(
        both, tally, chance, weights, weighting, resamples=resamples, level=level, seed=seed
    )
