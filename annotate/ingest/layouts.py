"""How a trace was cut at an earlier boundary version."""

from __future__ import annotations

from django.utils.translation import gettext

from annotate.errors import Conflict
from annotate.models import Recut, Step, Trace


def steps_at(trace: Trace, version: int) -> list[Step]:
    """The steps of a boundary version, their positions as they were then. Raises Conflict where it is not known."""
    keys = list(Step.objects.filter(trace=trace).order_by("position").values_list("pk", flat=True))
    now = Trace.objects.values_list("boundary_version", flat=True).get(pk=trace.pk)
    acts = {act.version: act for act in Recut.objects.filter(trace=trace, version__gt=version)}
    for later in range(now, version, -1):
        act = acts.get(later)
        if act is None:
            raise Conflict(gettext("The steps of this trace are others now. Reload the page."))
        start = keys.index(act.made[0])
        keys[start : start + len(act.made)] = act.took
    if version > now:
        raise Conflict(gettext("This trace has no such boundary version."))
    found = Step.every.in_bulk(keys)
    steps = [found[pk] for pk in keys]
    for position, step in enumerate(steps):
        step.position = position
    return steps


def place_now(trace: Trace, version: int | None, now: dict[int, int]) -> dict[int, int]:
    """Where the steps of a version are now, by their positions then; what was split or merged since is left out.

    ``now``: each step's position by its key. ``version`` None is how the trace came in.
    """
    if version is None:
        first = Recut.objects.filter(trace=trace).order_by("version").first()
        version = trace.boundary_version if first is None else first.version - 1
    if version == trace.boundary_version:
        return {position: position for position in now.values()}
    steps = steps_at(trace, version)
    return {step.position: now[step.pk] for step in steps if step.pk in now}
