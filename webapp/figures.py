"""Figures of the whole site in the text format of Prometheus, read from rows; and how long requests took.

Rows are everybody's, so that any web process tells the same. Nothing here grows with the number of labels, units or
slots: what counts all there ever were is the highest key given, and what is counted one by one stops at some thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max

from annotate import clock
from annotate.enums import AssignmentState, RunState, UnitState, UploadState
from annotate.models import Completion, Label, Run, Unit, Upload, Worker, counting
from annotate.models.counting import bounded_count
from annotate.prelabel.runs.attendance import on_duty
from webapp.durations import BUCKETS, durations

_Samples = Mapping[str, float]
_SO_FAR = f"counted up to {counting.MOST_COUNTED} and one for more"
# Owner by owner, along an index in whose order they are asked for: else PostgreSQL reads a table from its beginning,
# where what is over lies, to find what is not.
_SLOTS = """
    SELECT COALESCE(SUM(n), 0) FROM (
        SELECT (SELECT COUNT(*) FROM (
            SELECT 1 FROM annotate_assignment WHERE project_id = p.id AND state = %s ORDER BY position LIMIT %s
        ) AS so_far) AS n FROM annotate_project p
    ) AS each_project"""
_UNITS = """
    SELECT COALESCE(SUM(n), 0) FROM (
        SELECT (SELECT COUNT(*) FROM (
            SELECT 1 FROM annotate_unit WHERE run_id = r.id AND state = %s ORDER BY lease_until LIMIT %s
        ) AS so_far) AS n FROM annotate_run r WHERE r.state IN ('queued', 'running')
    ) AS each_run"""


def exposition() -> str:
    return "\n".join([*_gauges(), *_requests()]) + "\n"


def _gauges() -> Iterator[str]:
    open_runs = Run.objects.filter(state__in=(RunState.QUEUED, RunState.RUNNING))
    # Of open runs and what was given up: the units of finished ones are history, and many.
    units = _along(_UNITS, UnitState.values)
    failed = bounded_count(Unit.objects.filter(state=UnitState.FAILED))
    yield from _family(
        "gradus_open_units", "gauge", f"Units of open runs, {_SO_FAR}.", _by("state", UnitState.values, units)
    )
    yield from _family(
        "gradus_failed_units", "gauge", f"Units that were given up, {_SO_FAR}.", {"": float(failed)}
    )
    runs = open_runs.order_by().values_list("state").annotate(Count("pk"))
    yield from _family(
        "gradus_open_runs", "gauge", "Runs that are not over.", _by("state", ("queued", "running"), runs)
    )
    waits = (AssignmentState.OPEN.value, AssignmentState.HELD.value)
    slots = _along(_SLOTS, waits)
    yield from _family(
        "gradus_reading_slots", "gauge", f"Slots of people's queues, {_SO_FAR}.", _by("state", waits, slots)
    )
    waiting = Upload.objects.filter(state__in=(UploadState.QUEUED, UploadState.RUNNING)).count()
    yield from _family("gradus_uploads_under_way", "gauge", "Files that wait for a worker.", {"": waiting})
    for name, help_text, model in (
        ("gradus_labels_written_total", "Labels ever written, by people and machines.", Label),
        ("gradus_completions_total", "Completions ever stored.", Completion),
    ):
        yield from _family(
            name, "counter", help_text, {"": model._base_manager.aggregate(n=Max("pk"))["n"] or 0}
        )
    yield from _workers()


def _along(statement: str, states: Sequence[str]) -> list[tuple[str, int]]:
    """How many rows there are of each state, by one of the statements above; of each owner as many as are counted."""
    found = []
    with connection.cursor() as cursor:
        for state in states:
            cursor.execute(statement, [state, counting.MOST_COUNTED + 1])
            found.append((state, min(int(cursor.fetchone()[0]), counting.MOST_COUNTED + 1)))
    return found


def _workers() -> Iterator[str]:
    alive = list(on_duty().values_list("queues", flat=True))
    queues = {queue: sum(queue in names.split(",") for names in alive) for queue in ("cpu", "gpu", "io")}
    yield from _family(
        "gradus_workers", "gauge", "Workers alive, by queue they take.", _by("queue", queues, queues.items())
    )
    newest = Worker.objects.aggregate(at=Max("seen_at"))["at"]
    if newest is not None:
        age = max(0.0, (clock.now() - newest).total_seconds())
        yield from _family(
            "gradus_worker_heartbeat_age_seconds", "gauge", "Since the last sign of any worker.", {"": age}
        )


def _by(label: str, known: object, rows: object) -> dict[str, float]:
    found = dict.fromkeys(known, 0.0) | dict(rows)  # type: ignore[call-overload]
    return {f'{{{label}="{name}"}}': n for name, n in found.items()}


def _family(name: str, kind: str, help_text: str, samples: _Samples) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples.items():
        yield f"{name}{labels} {value:.15g}"


def _requests() -> Iterator[str]:
    name = "gradus_request_duration_seconds"
    yield f"# HELP {name} Time to answer, by what was asked and how it ended."
    yield f"# TYPE {name} histogram"
    for (kind, status), (counts, seconds) in durations(settings.METRICS_DIR).items():
        labels, total = f'kind="{kind}",status="{status}"', 0
        for bound, n in zip((*BUCKETS, float("inf")), counts, strict=True):
            total += n
            yield f'{name}_bucket{{{labels},le="{"+Inf" if bound == float("inf") else bound}"}} {total}'
        yield f"{name}_sum{{{labels}}} {seconds:.15g}"
        yield f"{name}_count{{{labels}}} {total}"
