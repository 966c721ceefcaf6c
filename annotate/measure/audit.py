"""From the counts of a judge's audit to rates, and from rates to whether the judge is trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext

from annotate.enums import UnitState
from annotate.errors import Rejected
from annotate.measure.queries import AUDIT_PREFIX as PREFIX
from annotate.models import Estimate, Run, Unit
from annotate.prelabel.audit.counts import FamilyCounts, added_up
from annotate.prelabel.audit.family import FamilyEntry
from annotate.prelabel.audit.kinds import RATES, kind_asked_about
from annotate.stats.accuracy import wilson_interval
from annotate.wording import mid

TrustState = Literal["trusted", "below", "unaudited"]


def audit_estimates(run: Run) -> Iterator[Estimate]:
    """One rate for each family from the finished units of an audit.

    The rate is of what held, for a bias of what did not. What the judge left open is in neither; nothing read means no
    value, with the reason.
    """
    kind = kind_asked_about(run.criterion.scope)
    units = list(Unit.objects.filter(run=run).select_related("trace", "pair").order_by("pk"))
    summaries = [_summary(unit) for unit in units]
    parts = [families for families in summaries if families]
    about = {
        "run": run.pk,
        "n_units": len(parts),
        "n_failed": sum(unit.state == UnitState.FAILED for unit in units),
        "interval": "Wilson, 95 %",
    }
    for family in kind.families.values():
        counts = added_up(families[family.name] for families in parts if family.name in families)
        yield _estimate(run, family, counts, about, nothing=f"no {kind.noun} was finished")


def _summary(unit: Unit) -> dict[str, Any]:
    """The unit's counts by family, its examples bearing the name of the trace or pair."""
    families = unit.findings.get("summary", {}).get("families", {})
    if unit.state != UnitState.DONE or not families:
        return {}
    about = unit.trace or unit.pair
    assert about is not None
    return {
        name: {**counts, "examples": [{"about": about.external_id, **one} for one in counts["examples"]]}
        for name, counts in families.items()
    }


def _estimate(
    run: Run, family: FamilyEntry, counts: FamilyCounts, about: Mapping[str, Any], *, nothing: str
) -> Estimate:
    k = counts.failed if family.is_bias else counts.held
    low, high = wilson_interval(k, counts.n) if counts.n else (None, None)
    return Estimate(
        criterion=run.criterion,
        rater=run.rater,
        name=f"{PREFIX}{family.name}",
        value=k / counts.n if counts.n else None,
        low=low,
        high=high,
        n=counts.n,
        reason="" if counts.n else _why_none(counts) or nothing,
        detail={
            **about,
            "k": k,
            "n_unread": counts.unread.total(),
            "n_skipped": counts.skipped.total(),
            "unread": counts.unread.most_common(),
            "skipped": counts.skipped.most_common(),
            "variants": counts.variants,
            "examples": counts.examples,
        },
    )


def _why_none(counts: FamilyCounts) -> str:
    if counts.unread:
        reason, _ = counts.unread.most_common(1)[0]
        return f"no verdict could be read: {reason}"
    if counts.skipped:
        reason, _ = counts.skipped.most_common(1)[0]
        return f"does not arise: {reason}"
    return ""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A rate that misses the gate: below ``wanted``, or above it for a bias."""

    family: FamilyEntry
    rate: float
    wanted: float

    def __str__(self) -> str:
        said = (
            gettext("%(rate)s: %(value)s, wanted at most %(wanted)s")
            if self.family.is_bias
            else gettext("%(rate)s: %(value)s, wanted at least %(wanted)s")
        )
        return said % {
            "rate": mid(gettext(self.family.title)),
            "value": f"{self.rate:.3g}",
            "wanted": f"{self.wanted:.3g}",
        }


@dataclass(frozen=True, slots=True)
class Trust:
    """``below``: the judge may label, and its labels are set aside. ``unaudited``: it is used, and that is said."""

    state: TrustState
    shortfalls: tuple[Shortfall, ...] = ()
    unmeasured: tuple[FamilyEntry, ...] = ()

    @property
    def reason(self) -> str:
        return "; ".join(map(str, self.shortfalls))


def trust_of(estimates: Iterable[Estimate], gate: Mapping[str, float]) -> Trust:
    """Hold one judge's audit rates against the gate.

    A rate that could not be measured does not count against it, and one that judges of its kind have no question for
    asks nothing of it.
    """
    audit = [one for one in estimates if one.name.startswith(PREFIX)]
    if not audit:
        return Trust("unaudited")
    rates = {one.name.removeprefix(PREFIX): one.value for one in audit}
    asked = kind_asked_about(audit[0].criterion.scope).families
    missed = []
    unmeasured = []
    for name, wanted in gate.items():
        family, rate = asked.get(name), rates.get(name)
        if family is None:
            continue
        if rate is None:
            unmeasured.append(family)
        elif rate > wanted if family.is_bias else rate < wanted:
            missed.append(Shortfall(family, rate, wanted))
    return Trust("below" if missed else "trusted", tuple(missed), tuple(unmeasured))


def checked_gate(gate: Mapping[str, Any]) -> dict[str, float]:
    """The gate, thresholds as numbers. Raises Rejected for an unknown rate or a threshold that is no share."""
    for name, wanted in gate.items():
        if name not in RATES:
            raise Rejected(
                gettext("is no audit rate; known are %(rates)s.") % {"rates": ", ".join(RATES)}, field=name
            )
        is_number = isinstance(wanted, int | float) and not isinstance(wanted, bool)
        if not is_number or not math.isfinite(wanted) or not 0 <= wanted <= 1:
            raise Rejected(gettext("must be a number from 0 to 1."), field=name)
    return {name: float(gate[name]) for name in RATES if name in gate}
