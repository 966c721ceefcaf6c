"""Releases on their way to the Hub: asked for, watched, stopped, taken up again. A worker does the sending."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.access import push_for, release_for, role_in
from annotate.enums import Role
from annotate.errors import Conflict, Rejected
from annotate.export.pushes import cancel_push, open_push, pushes_of, retry_push
from annotate.models import Person, Push, Release
from annotate.prelabel.runs.attendance import on_duty
from webapp.forms.push import PushForm
from workers.tasks.push import send_push

SHOWN = 20


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pushes(request: HttpRequest, pk: int) -> HttpResponse:
    """A release's pushes; POST asks for another."""
    may_push = request.method == "POST"
    found = release_for(request.user, pk, role=Role.MANAGER if may_push else Role.VIEWER)
    form = PushForm(request.POST if may_push else None, initial=_last_asked(found))
    if may_push and form.is_valid():
        assert isinstance(request.user, Person)
        try:
            push = open_push(found, person=request.user, owners=settings.HUB_OWNERS, **form.cleaned_data)
        except Rejected as error:
            form.add_error(error.field if error.field in form.fields else None, error.reason)
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            send_push(push)
            return redirect("pushes", pk=pk)
    some = list(pushes_of(found)[:SHOWN])
    context = {
        "release": found,
        "project": found.project,
        "pushes": some,
        "form": form,
        "is_live": any(one.is_under_way for one in some),
        "has_worker": _has_worker(),
        "can_manage": _can_manage(request, found),
        "endpoint": settings.HUB_ENDPOINT,
    }
    return render(request, "export/pushes.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def push(request: HttpRequest, pk: int) -> HttpResponse:
    """GET is the piece of the page that says how far it is; POST stops it or takes it up again."""
    is_act = request.method == "POST"
    found = push_for(request.user, pk, role=Role.MANAGER if is_act else Role.VIEWER)
    address = reverse("pushes", args=[found.release_id])
    if is_act:
        _acted(request, found)
        return redirect(address)
    if request.headers.get("HX-Request") is None:
        return redirect(f"{address}#push-{pk}")
    context = {
        "push": found,
        "has_worker": _has_worker(),
        "can_manage": _can_manage(request, found.release),
    }
    return render(request, "export/push.html", context)


def _acted(request: HttpRequest, found: Push) -> None:
    do = request.POST.get("do")
    if do == "stop":
        cancel_push(found)
        messages.success(request, gettext("It stops. What the Hub has stays there."))
    elif do == "retry":
        send_push(retry_push(found, may_replace=bool(request.POST.get("may_replace"))))
    else:
        raise Rejected(gettext("Say what to do with the push."), field="do")


def _last_asked(found: Release) -> dict[str, object]:
    """Where the project's last push went, which is where the next release usually goes."""
    last = Push.objects.filter(release__project=found.project_id).order_by("-pk").first()
    return {"repository": last.repository, "is_private": last.is_private} if last else {}


def _can_manage(request: HttpRequest, found: Release) -> bool:
    return role_in(request.user, found.project) in (Role.OWNER, Role.MANAGER)


def _has_worker() -> bool:
    return any("io" in one.queues.split(",") for one in on_duty())
