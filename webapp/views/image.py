"""Images of traces, by the doors of whoever may read the trace."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from annotate.access import assignment_for, comparison_for, trace_for
from annotate.ingest.image_store import image_among, image_in
from annotate.label.spread import spread_of
from annotate.models import Image


@login_required
@require_http_methods(["GET", "HEAD"])
@cache_control(private=True, max_age=86_400, immutable=True)
def of_trace(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    return _answer(image_in(trace_for(request.user, pk), digest))


@login_required
@require_http_methods(["GET", "HEAD"])
@cache_control(private=True, max_age=86_400, immutable=True)
def of_assignment(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    """For whoever labels the trace, who may not read it by its own address."""
    return _answer(image_in(assignment_for(request.user, pk).trace, digest))


@login_required
@require_http_methods(["GET", "HEAD"])
@cache_control(private=True, max_age=86_400, immutable=True)
def of_comparison(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    """For whoever compares: what the page shows, and nothing that comes later in the traces."""
    held = comparison_for(request.user, pk)
    spread = spread_of(held)
    metas = [spread.problem.meta, *(step.meta for step in spread.steps)]
    return _answer(image_among(held.project_id, metas, digest))


def _answer(image: Image) -> HttpResponse:
    """The bytes as they are kept, under the type that their header says, for an img element and nothing else."""
    answer = HttpResponse(bytes(image.data), content_type=image.media_type)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Content-Disposition"] = "inline"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
