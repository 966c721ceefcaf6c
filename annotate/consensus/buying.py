"""Take exactly what a plan has chosen: a run over these traces and steps, or one more reading of each of them.

More of the same is another rater: the same model, prompt and settings with another seed, so that nothing is answered
from what is stored already. Its family is the model's, so that a consensus does not take it for a stranger.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from annotate.assign.manage.actions import read_also
from annotate.consensus.costs import can_vote_again
from annotate.consensus.spending import MOST_TRACES, ROLLOUTS, VOTES, Lot, What
from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.models import Person, Project, Rater, Run
from annotate.prelabel.actions import open_run
from annotate.prelabel.rollout.places import PlacesSettings

# Where an earlier judge drew one answer only, it was drawn without chance.
LEAST_TEMPERATURE = 0.7
_OF_PLACES = frozenset(field.name for field in dataclasses.fields(PlacesSettings))


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be bought: for each trace its id and, for rollouts, the position of the step."""

    what: What
    rater: int | None
    places: tuple[tuple[int, int | None], ...]

    @classmethod
    def of(cls, lot: Lot) -> Order:
        return cls(lot.what, lot.rater, tuple((one.trace, one.step) for one in lot.offers))


@dataclass(frozen=True, slots=True)
class Bought:
    """``run`` waits for a worker; for people ``n_slots`` readings were added to the queue."""

    run: Run | None = None
    n_slots: int = 0


def buy(
    project: Project,
    order: Order,
    *,
    created_by: Person | None = None,
    allowed_backends: Sequence[str] | None = None,
) -> Bought:
    """Open the run, or the slots. Nothing is sent to a worker here.

    Raises ``Rejected`` for traces, steps or a machine that the project does not have, or that cannot be asked so, and
    for a backend that whoever asks may not use.
    """
    ids = _checked(project, order)
    if order.what == What.PERSON:
        return Bought(n_slots=read_also(project, ids))
    rater = _machine(project, order)
    settings, each = _again(rater, order)
    run = open_run(
        project,
        strategy="rollout/places" if order.what == What.ROLLOUTS else rater.config["strategy"],
        backend=rater.config["backend"],
        settings=settings,
        criterion_key=_criterion_of(rater),
        created_by=created_by,
        traces=project.traces.filter(pk__in=ids),
        allowed_backends=allowed_backends,
        budget_completions=each * len(order.places),
        # The same model and the same question as an audited judge's: only what chance draws is new.
        audit=False,
    )
    return Bought(run)


def _checked(project: Project, order: Order) -> list[int]:
    ids = sorted({trace for trace, _ in order.places})
    if not 1 <= len(ids) <= MOST_TRACES:
        raise Rejected(gettext("name 1 to %(most)s traces") % {"most": MOST_TRACES}, field="places")
    lengths = dict(project.traces.filter(pk__in=ids).values_list("pk", "n_steps"))
    for trace, step in order.places:
        if trace not in lengths:
            raise Rejected(gettext("the project has no trace %(trace)s") % {"trace": trace}, field="places")
        # The last step states an answer and is graded.
        if order.what == What.ROLLOUTS and (step is None or not 0 <= step < lengths[trace] - 1):
            raise Rejected(
                gettext("trace %(trace)s has no such step to roll out from") % {"trace": trace},
                field="places",
            )
    return ids


def _machine(project: Project, order: Order) -> Rater:
    kind = RaterKind.ROLLOUT if order.what == What.ROLLOUTS else RaterKind.JUDGE
    rater = Rater.objects.filter(project=project, pk=order.rater or 0, kind=kind).first()
    is_able = rater is not None and bool(rater.config.get("backend"))
    if rater is None or not is_able or (kind == RaterKind.JUDGE and not can_vote_again(rater)):
        raise Rejected(gettext("the project has no such machine that can be asked again"), field="rater")
    return rater


def _again(rater: Rater, order: Order) -> tuple[dict[str, Any], int]:
    """The machine's settings for what is bought, with a seed it has not had; and answers to each trace."""
    held: Mapping[str, Any] = rater.config["settings"]
    fresh = {"seed": _fresh_seed(rater)}
    if order.what == What.VOTES:
        temperature = max(float(held.get("temperature", 0.0)), LEAST_TEMPERATURE)
        return {**held, **fresh, "votes": VOTES, "min_votes": 1, "temperature": temperature}, VOTES
    shared = {name: value for name, value in held.items() if name in _OF_PLACES}
    places = [f"{trace}:{step + 1}" for trace, step in order.places if step is not None]
    own = {"k": ROLLOUTS, "first_wave": ROLLOUTS, "sc_samples": 0, "places": places}
    return {**shared, **fresh, **own}, ROLLOUTS


def _fresh_seed(rater: Rater) -> int:
    """Above that of every machine of this model here."""
    configs = Rater.objects.filter(project=rater.project_id, kind=rater.kind).values_list("config", flat=True)
    seeds = [
        config["settings"].get("seed", 0)
        for config in configs
        if config.get("backend") == rater.config["backend"] and isinstance(config.get("settings"), dict)
    ]
    return 1 + max((seed for seed in seeds if isinstance(seed, int)), default=0)


def _criterion_of(rater: Rater) -> str | None:
    newest = Run.objects.filter(rater=rater).select_related("criterion").order_by("-pk").first()
    return newest.criterion.key if newest else None
