"""What a person's reading of a trace is worth by the fit of the latest consensus, and at what pace people read.

Worth is the decision risk that a reading is expected to remove (`annotate.stats.locate.routing`), for each hour that it
is expected to take. A run works it out for every trace; what is said of a trace afterwards changes that trace alone, by
the same fit, and soon (`workers/tasks/consensus.py`): its belief is a matter of milliseconds, a fit is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from annotate.assign.actions import renew_order
from annotate.assign.worth import (
    Unheard,
    borrow_worths,
    forget_worth,
    hear_only,
    heard_so_far,
    is_read_since,
    keep_worths,
    paces,
    some_unheard,
    tell_worth,
)
from annotate.consensus.belief import Belief, belief_of, in_batches
from annotate.consensus.evidence import standing_of
from annotate.consensus.queries import consensus_runs
from annotate.models import Audited, Project, Run, Trace
from annotate.prepared import Prepared
from annotate.stats.codes import FloatArray
from annotate.stats.locate.evidence import Evidence
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.routing import ASSUMED_PACE, Pace, steps_to_read, value_per_reading

BATCH = 1000
# The pace is the median over so many readings, the newest; fewer than the least leave the assumed one in force.
LAST_READINGS, FEWEST_READINGS = 1000, 5
AT_ONCE, MANY = 50, 500
HOUR = 3600.0


def pace_of(project: Project) -> Pace:
    """The median of the seconds per step that the project's own readings took; 20 seconds until five were timed."""
    timed = paces(project, LAST_READINGS)
    if len(timed) < FEWEST_READINGS:
        return Pace(ASSUMED_PACE)
    return Pace(float(np.median(timed)), len(timed))


def seconds_to_read(run: Run, posterior: LocationPosterior, pace: Pace) -> FloatArray:
    """(n_traces,) Where a run assesses no step behind the first error, nobody is expected to read on after it."""
    stops = run.settings.get("stops_at_first_error", True)
    return pace.seconds(steps_to_read(posterior) if stops else posterior.layout.length)


def worths(
    run: Run, fit: LocationFit, evidence: Evidence, posterior: LocationPosterior, pace: Pace
) -> FloatArray:
    """(n_traces,) Wrong decisions that an hour of reading is expected to put right."""
    value = value_per_reading(fit, evidence, posterior)
    return np.asarray(HOUR * value / seconds_to_read(run, posterior, pace))


def worth_of(run: Run, belief: Belief, pace: Pace) -> float:
    return float(worths(run, belief.fit, belief.evidence, belief.posterior, pace)[0])


def valuing_run(project: Project) -> Run | None:
    """The newest consensus that kept a fit of the questions asked now: by it traces are worth something."""
    fits = consensus_runs(project).filter(fit__isnull=False, criterion__rubric=project.rubric_id)
    return fits.first()


def belief_now(trace: Trace) -> Belief | None:
    """What is believed of a trace by the fit that says what it is worth; None where there is none."""
    run = valuing_run(trace.project)
    return None if run is None else belief_of(run, trace)


def value_traces(project: Project, run: Run) -> int:
    """After the consensus ``run``: every trace's worth by its fit; how many have been worked out.

    A run that kept no fit leaves what an earlier one tells, and nothing where no earlier one could. Places in the queue
    are not touched: the caller has the order worked out anew.
    """
    valuing = valuing_run(project)
    if valuing is None:
        forget_worth(project)
    return _value_all(run) if valuing == run else 0


def value_unheard(project: Project, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Work out anew what those traces are worth of which something was said since; how many those were.

    One by one, each with its place in the queue, unless they are so many (a queue that was filled just now) that
    reading everything once is quicker; the order then comes whole, as after a consensus.
    """
    run = valuing_run(project)
    if run is None:
        return 0
    if len(some_unheard(project, MANY)) == MANY:
        n = _value_all(run)
        renew_order(project)
        return n
    n, last = 0, 0
    while (waiting := some_unheard(project, AT_ONCE, after=last)) and not should_stop():
        value_some(run, waiting)
        n, last = n + len(waiting), waiting[-1].turn
    return n


def _value_all(run: Run) -> int:
    """Batch by batch. What is said of a trace from here on is heard again, whether it was read here or not."""
    project = run.project
    heard, pace, n = heard_so_far(project), pace_of(project), 0
    for located, believed in in_batches(run, BATCH):
        found = worths(run, located.fit, believed.evidence, believed.posterior, pace)
        keep_worths(dict(zip(believed.gathered.ids, found.tolist(), strict=True)), heard)
        n += len(found)
    borrow_worths(run, list(run.audited.values_list("trace", flat=True)))
    return n


_drawn_among: Prepared[tuple[int]] = Prepared(
    lambda run, traces: Audited.objects.filter(run=run, trace__in=traces).order_by().values_list("trace")
)


def value_some(run: Run, waiting: Sequence[Unheard]) -> None:
    """These traces, each by the labels it holds now; one that is gone meanwhile is left out.

    Each is written by itself: nobody who submits or claims waits for more than one trace's row.
    """
    project = run.project
    pace, standing = pace_of(project), standing_of(project)
    traces = Trace.objects.in_bulk([one.trace for one in waiting])
    for trace in traces.values():
        trace.project = project
    drawn = {trace for (trace,) in _drawn_among.all(run=run.pk, traces=sorted(traces))}
    for one in waiting:
        belief = belief_of(run, traces[one.trace], standing) if one.trace in traces else None
        if belief is None:
            continue
        if one.trace in drawn and not is_read_since(one.trace, run.finished_at):
            hear_only(one.trace, heard=one.times)
        else:
            tell_worth(project, one.trace, worth_of(run, belief, pace), heard=one.times)
