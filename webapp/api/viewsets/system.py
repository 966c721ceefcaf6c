from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from annotate.access import require_operator
from annotate.models.counting import Bounded
from webapp.api.base import asker
from webapp.machine_room.queues import OpenRun
from webapp.machine_room.report import Report, report


class SystemViewSet(ViewSet):
    """The machine room: queues, workers, versions, disks, what is slow. For whoever runs the site."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def retrieve(self, request: Request) -> Response:
        """Sizes are in bytes, `p50` and `p95` in seconds. A count of rows is a number, or how many it is more than."""
        require_operator(asker(request))
        return Response(_plain(report()))


def _plain(found: Report) -> dict[str, Any]:
    rows = found.rows
    counts = ("n_runs", "uploads", "fillings", "pushes", "notices_waiting", "notices_failed")
    return {
        "made_at": found.made_at,
        "warnings": found.warnings,
        "messages": asdict(found.messages),
        "runs": [_open_run(one) for one in rows.runs],
        "rows": {name: _count(getattr(rows, name)) for name in counts},
        "workers": [asdict(one) for one in found.crew],
        "last_sweep": found.last_sweep,
        "versions": found.versions,
        "disks": [asdict(one) for one in found.disks],
        "database": asdict(found.database),
        "slowest_routes": [asdict(one) for one in found.routes],
        "slowest_statements": None if found.statements is None else [asdict(one) for one in found.statements],
    }


def _open_run(one: OpenRun) -> dict[str, Any]:
    counts = {name: _count(getattr(one, name)) for name in ("waiting", "leased", "failed")}
    return {"id": one.run.pk, "project": one.run.project.slug, "name": one.run.name, **counts}


def _count(count: Bounded) -> int | str:
    return f">{count.n}" if count.is_more else count.n
