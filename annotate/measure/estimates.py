"""Turn statistics of one criterion into estimates. Nothing here reads or writes the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from annotate.enums import CriterionKind, RaterKind
from annotate.measure.agreement_parts import parts_of_agreement
from annotate.measure.queries import MACHINES, CriterionLabels
from annotate.models import Criterion, Estimate, Rater
from annotate.stats.accuracy import RaterAccuracy, accuracy_against
from annotate.stats.agreement import AgreementResult, krippendorff_alpha, percent_agreement
from annotate.stats.difference import Metric

# A gold key is not one more opinion: raters are measured against it, and it takes no part in agreement.
CIRCLES: dict[str, tuple[RaterKind, ...]] = {
    "people": (RaterKind.PERSON,),
    "all": (RaterKind.PERSON, *MACHINES),
}
ALPHA = "alpha"
PERCENT = "percent_agreement"
GOLD_ACCURACY = "gold_accuracy"
NAMES = (*(f"{name}_{circle}" for name in (ALPHA, PERCENT) for circle in CIRCLES), GOLD_ACCURACY)


def metric_of(criterion: Criterion) -> Metric:
    """Good, neutral, bad stand in an order: taking good for bad is the greater disagreement."""
    return "ordinal" if criterion.kind in (CriterionKind.VERDICT, CriterionKind.ORDINAL) else "nominal"


def agreement_estimates(
    labels: CriterionLabels, raters: Mapping[int, Rater], *, seed: int, resamples: int
) -> Iterator[Estimate]:
    """Alpha and percent agreement, among people and among all raters."""
    for circle, kinds in CIRCLES.items():
        table = labels.table(kinds)
        who = _who(labels, kinds, raters)
        metric = metric_of(labels.criterion)
        alpha = krippendorff_alpha(table, metric, resamples=resamples, seed=seed)
        parts: dict[str, Any] = {}
        if circle == "all":
            parts = parts_of_agreement(
                labels.criterion, table, metric, raters, seed=seed, resamples=resamples
            )
        yield _agreement(labels.criterion, f"{ALPHA}_{circle}", alpha, who | parts)
        percent = percent_agreement(table, resamples=resamples, seed=seed)
        yield _agreement(labels.criterion, f"{PERCENT}_{circle}", percent, who)


def gold_estimates(labels: CriterionLabels, raters: Mapping[int, Rater]) -> Iterator[Estimate]:
    """How often each person and machine gives the gold value, with what was taken for what."""
    gold, n_contested = labels.gold()
    if not gold:
        return
    unsure = labels.n_unsure
    for key, accuracy in accuracy_against(labels.table(CIRCLES["all"]), gold).items():
        rater = raters[key]  # type: ignore[index]
        yield Estimate(
            criterion=labels.criterion,
            rater=rater,
            name=GOLD_ACCURACY,
            value=accuracy.accuracy,
            low=accuracy.low,
            high=accuracy.high,
            n=accuracy.n,
            reason=accuracy.reason or "",
            detail={
                "interval": "Wilson, 95 %",
                "n_right": accuracy.k,
                "n_unsure": unsure.get(rater.pk, 0),
                "n_gold": len(gold),
                "n_contested": n_contested,
                "confusion": _confusion(accuracy),
            },
        )


def _agreement(criterion: Criterion, name: str, result: AgreementResult, who: dict[str, Any]) -> Estimate:
    return Estimate(
        criterion=criterion,
        name=name,
        value=result.value,
        low=result.low,
        high=result.high,
        n=result.n_items,
        reason=result.reason or "",
        detail={
            "interval": "bootstrap over traces, 95 %",
            "metric": result.metric,
            "n_items": result.n_items,
            "n_raters": result.n_raters,
            "n_labels": result.n_labels,
            "n_traces": result.n_clusters,
            "n_unpaired": result.n_unpaired,
            "n_resamples": result.n_resamples,
            "n_undefined": result.n_undefined,
            **who,
        },
    )


def _who(
    labels: CriterionLabels, kinds: Collection[RaterKind], raters: Mapping[int, Rater]
) -> dict[str, Any]:
    speaking = {rater for rater, kind in zip(labels.raters, labels.kinds, strict=True) if kind in kinds}
    return {
        "n_simulated": sum(raters[rater].is_simulated for rater in speaking),
        "n_unsure": sum(count for rater, count in labels.n_unsure.items() if rater in speaking),
    }


def _confusion(accuracy: RaterAccuracy) -> list[dict[str, Any]]:
    return [
        {"gold": right, "given": given, "n": count}
        for (right, given), count in sorted(accuracy.confusion.items())
    ]
