"""Inviting people by a link, and following one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import invitation_for, project_for
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.ingest.inviting import accept, invitation_by, invite, sign_up, token_of, withdraw
from annotate.models import Invitation, Person
from annotate.wording import mid
from webapp.forms.invite import InvitationForm, SignUpForm

SHOWN = 100
ACCOUNTS = "webapp.signed_in.AccountBackend"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest, slug: str) -> HttpResponse:
    """GET lists the latest invitations with their links; POST makes one."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, Person)
        given = form.cleaned_data
        invite(project, request.user, role=Role(given["role"]), days=given["days"], uses=given["uses"])
        messages.success(request, gettext("The link is ready. Send it to whom it is for."))
        return redirect("invitations", slug=slug)
    made = list(project.invitations.select_related("created_by")[:SHOWN])
    context = {
        "project": project,
        "form": form,
        "is_cut": len(made) == SHOWN,
        "invitations": [(one, "" if one.why_closed else _link(request, one)) for one in made],
    }
    return render(request, "invite/invitations.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def withdraw_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = invitation_for(request.user, pk)
    withdraw(invitation)
    messages.success(request, gettext("The link is closed. Whoever came by it stays a member."))
    return redirect("invitations", slug=invitation.project.slug)


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """GET shows what one is invited to; POST joins, with a new account where nobody is signed in."""
    token = request.POST.get("token") or request.GET.get("token", "")
    if not token:
        return redirect("projects")
    invitation = invitation_by(token)
    is_known = isinstance(request.user, Person)
    form = SignUpForm(request.POST if request.method == "POST" and not is_known else None)
    person = request.user if isinstance(request.user, Person) else None
    if request.method == "POST" and person is None:
        person = _signed_up(request, form, token)
    if request.method == "POST" and person is not None:
        member = accept(token, person)
        messages.success(
            request,
            gettext("You are %(role)s of %(name)s.")
            % {"role": mid(member.get_role_display()), "name": invitation.project.name},
        )
        return redirect("project", slug=invitation.project.slug)
    context = {
        "invitation": invitation,
        "project": invitation.project,
        "form": form,
        "token": token,
        "here": f"{reverse('join')}?token={token}",
        "sign_in": f"{reverse('sign-in')}?next={reverse('join')}%3Ftoken%3D{token}",
    }
    return render(request, "invite/join.html", context, status=400 if form.errors else 200)


def _signed_up(request: HttpRequest, form: SignUpForm, token: str) -> Person | None:
    """The new person, signed in; None when the form has something to mend."""
    if not form.is_valid():
        return None
    try:
        person = sign_up(
            token, username=form.cleaned_data["username"], password=form.cleaned_data["password"]
        )
    except Rejected as error:
        form.add_error(error.field if error.field in form.fields else None, error.reason)
        return None
    login(request, person, backend=ACCOUNTS)
    return person


def _link(request: HttpRequest, invitation: Invitation) -> str:
    return request.build_absolute_uri(f"{reverse('join')}?token={token_of(invitation)}")
