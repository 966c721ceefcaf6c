"""Who is told what happens in a project, and what has become of each notice. For those who manage it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import listener_for, notice_for, project_for
from annotate.addresses import reach_from
from annotate.enums import ListenerKind, Role
from annotate.errors import Conflict, Rejected
from annotate.models import Listener, Notice, Person, Project
from annotate.notices.addresses import shown
from annotate.notices.announcing import addresses_by_role
from annotate.notices.events import page_of, sentence_of
from annotate.notices.listeners import (
    add_mail,
    add_webhook,
    change_events,
    listeners_of,
    remove_listener,
    renew_secret,
    try_listener,
)
from annotate.notices.sending import TRIES, notices_of, send_again
from annotate.notices.signing import secret_of
from webapp.forms.notices import EVENTS, EventsForm, MailForm, WebhookForm
from workers.tasks.notices import send_notices

SHOWN = 50


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest, slug: str) -> HttpResponse:
    """GET lists them; POST adds a listener. A webhook's secret is shown by that answer and by no other."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    if request.method != "POST":
        return _page(request, project)
    form = (MailForm if request.POST.get("kind") == ListenerKind.MAIL else WebhookForm)(request.POST)
    added = _added(request, project, form) if form.is_valid() else None
    if added is None:
        return _page(request, project, form=form, status=400)
    if added.kind == ListenerKind.WEBHOOK:
        return _page(request, project, made=added)
    messages.success(request, gettext("%(name)s will be told.") % {"name": added.name})
    return redirect("notices", slug=slug)


def _added(request: HttpRequest, project: Project, form: MailForm | WebhookForm) -> Listener | None:
    """The new listener; None where the form has something to mend."""
    assert isinstance(request.user, Person)
    try:
        if isinstance(form, MailForm):
            return add_mail(project, by=request.user, **form.cleaned_data)
        reach = reach_from(settings.WEBHOOK_HOSTS)
        return add_webhook(project, by=request.user, reach=reach, **form.cleaned_data)
    except Rejected as error:
        form.add_error(error.field if error.field in form.fields else None, error.reason)
    except Conflict as error:
        form.add_error(None, str(error))
    return None


@never_cache
@login_required
@require_POST
def listener(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what it is told, give it a new secret, try it, or remove it."""
    found = listener_for(request.user, pk)
    said, do = {"name": found.name}, request.POST.get("do")
    if do == "renew":
        renew_secret(found)
        return _page(request, found.project, made=found)
    if do == "change":
        form = EventsForm(request.POST)
        if not form.is_valid():
            raise Rejected(gettext("Choose at least one thing it is told of."), field="events")
        change_events(found, form.cleaned_data["events"])
        messages.success(request, gettext("Saved: what %(name)s is told of.") % said)
    elif do == "test":
        try_listener(found)
        send_notices(found)
        messages.success(request, gettext("A test is on its way to %(name)s.") % said)
    elif do == "remove":
        remove_listener(found)
        messages.success(request, gettext("%(name)s is told nothing any more.") % said)
    else:
        raise Rejected(gettext("Say what to do with it."), field="do")
    return redirect("notices", slug=found.project.slug)


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    notice = send_again(notice_for(request.user, pk))
    send_notices(notice.listener)
    messages.success(request, gettext("It is tried again now."))
    return redirect("notices", slug=notice.listener.project.slug)


def _page(
    request: HttpRequest,
    project: Project,
    *,
    form: MailForm | WebhookForm | None = None,
    made: Listener | None = None,
    status: int = 200,
) -> HttpResponse:
    addresses = addresses_by_role(project.pk)
    context: dict[str, Any] = {
        "project": project,
        "webhook_form": form if isinstance(form, WebhookForm) else WebhookForm(),
        "mail_form": form if isinstance(form, MailForm) else MailForm(),
        "made": made,
        "secret": secret_of(made) if made else "",
        "listeners": [_listener_row(one, addresses) for one in listeners_of(project)],
        "events": EVENTS,
        "has_email": settings.HAS_EMAIL,
        "rows": [_notice_row(one, project) for one in notices_of(project)[:SHOWN]],
        "is_cut": SHOWN,
        "tries": TRIES,
    }
    return render(request, "notices/notices.html", context, status=status)


def _listener_row(one: Listener, addresses: Mapping[str, int]) -> dict[str, Any]:
    if one.kind == ListenerKind.WEBHOOK:
        return {"listener": one, "where": shown(one.url)}
    roles = ", ".join(str(Role(role).label) for role in one.roles)
    return {"listener": one, "where": roles, "n_people": sum(addresses[role] for role in one.roles)}


def _notice_row(one: Notice, project: Project) -> dict[str, Any]:
    return {
        "notice": one,
        "says": sentence_of(one.event, one.facts),
        "page": page_of(one.event, one.facts, project.slug),
    }
