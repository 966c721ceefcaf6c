"""The machine room: for whoever runs the site, and for nobody else."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotate.access import require_operator
from webapp.machine_room.report import report


@never_cache
@login_required
@require_safe
def system(request: HttpRequest) -> HttpResponse:
    require_operator(request.user)
    return render(request, "system/system.html", {"report": report()})
