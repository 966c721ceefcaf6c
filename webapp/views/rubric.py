"""What a project asks: its versions, the gallery, and the builder of a draft."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import project_for, rubric_for
from annotate.enums import CandidateKind, CriterionKind, Role, Scope, StepKind
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import (
    create_from_preset,
    discard_draft,
    draft_version,
    rewrite_rubric,
    use_rubric,
)
from annotate.ingest.presets import GALLERY, CriterionPreset
from annotate.ingest.queries import versions_of
from annotate.ingest.rubric_rows import criteria_of
from annotate.ingest.rubric_rules import PAGE_KEYS, Problem
from annotate.label.actions import carry_over
from annotate.label.carrying import Carriage
from annotate.label.mapping import usual_moves
from annotate.models import Label, Rubric
from webapp.forms.carrying import posted_moves, question_moves
from webapp.forms.rubric import RubricSheet, fields_of
from webapp.languages import language_in

SHOWN_READINGS = 20


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rubrics(request: HttpRequest, slug: str) -> HttpResponse:
    """The versions of a project; posting a preset of the gallery makes a draft of it."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    if request.method == "POST":
        draft = create_from_preset(
            project, request.POST.get("preset", ""), language_in(request.POST.get("language"))
        )
        messages.success(
            request,
            gettext("%(draft)s is a draft now. Change what you like, then use it.") % {"draft": draft},
        )
        return redirect("rubric", pk=draft.pk)
    context = {"project": project, "versions": versions_of(project), "gallery": GALLERY.values()}
    return render(request, "rubric/rubrics.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rubric(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: to be read where labels rest on it, to be built where none do."""
    found = rubric_for(request.user, pk, role=Role.MANAGER)
    stored = criteria_of(found)
    if request.method != "POST":
        return _page(request, found, RubricSheet.of(stored, found.guidelines), stored=_digest(stored, found))
    if found.is_frozen:
        raise Conflict(
            gettext("%(found)s is frozen: labels rest on it. Edit it as a new version.") % {"found": found}
        )
    sheet, button = RubricSheet.posted(request.POST), request.POST.get("do", "save")
    if button not in ("save", "preview"):
        sheet.press(button)
        return _page(request, found, sheet)
    if button == "preview":
        return _page(request, found, sheet, problems=sheet.presets()[1], has_preview=True)
    criteria, problems = sheet.presets()
    if not problems and request.POST.get("stored") != _digest(stored, found):
        problems = [Problem(None, None, "stored", str(_CHANGED))]
    if problems:
        return _page(request, found, sheet, problems=problems)
    rewrite_rubric(found, criteria, guidelines=sheet.guidelines)
    messages.success(request, gettext("%(found)s is saved.") % {"found": found})
    return redirect("rubric", pk=pk)


_CHANGED = gettext_lazy(
    "Somebody else has saved this draft since you opened it. Open it anew in another tab and bring yours"
    " over."
)


@login_required
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The next version, asking what this one asks."""
    made = draft_version(rubric_for(request.user, pk, role=Role.MANAGER))
    messages.success(
        request, gettext("%(made)s is a draft. Nobody is asked by it until you use it.") % {"made": made}
    )
    return redirect("rubric", pk=made.pk)


@login_required
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    found = rubric_for(request.user, pk, role=Role.MANAGER)
    discard_draft(found)
    messages.success(request, gettext("%(found)s is discarded.") % {"found": found})
    return redirect("rubrics", slug=found.project.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask by this version from now on, with what becomes of the labels so far, counted before it is done."""
    found = rubric_for(request.user, pk, role=Role.MANAGER)
    project = project_for(request.user, found.project.slug, role=Role.MANAGER)
    if not found.criteria.exists():
        raise Rejected(gettext("%(found)s asks nothing yet.") % {"found": found}, field="criteria")
    button = request.POST.get("do", "preview")
    if button == "leave":
        use_rubric(project, found)
        messages.success(
            request, gettext("%(project)s asks by %(found)s now.") % {"project": project, "found": found}
        )
        return redirect("rubrics", slug=project.slug)
    old = project.rubric
    n_labels = Label.objects.live().filter(criterion__rubric=old).count() if old else 0
    context: dict[str, Any] = {"rubric": found, "project": project, "old": old, "n_labels": n_labels}
    if old is None or not n_labels or found.is_frozen or old.pk == found.pk:
        return render(request, "rubric/use.html", context)
    before, after = criteria_of(old), criteria_of(found)
    usual = usual_moves(before, after)
    moves = posted_moves(request.POST, usual, before, after)
    try:
        carriage = carry_over(found, moves, is_dry_run=button != "carry")
    except Rejected as problem:
        context["problem"] = problem.reason
        moves = usual
        carriage = carry_over(found, usual, is_dry_run=True)
    else:
        if button == "carry":
            messages.success(request, _said(carriage, found))
            return redirect("rubrics", slug=project.slug)
    context |= {
        "carriage": carriage,
        "rows": question_moves(moves, carriage, before, after),
        "shown_incomplete": carriage.incomplete[:SHOWN_READINGS],
        "n_more": max(0, len(carriage.incomplete) - SHOWN_READINGS),
    }
    return render(request, "rubric/use.html", context, status=400 if "problem" in context else 200)


def _said(carriage: Carriage, found: Rubric) -> str:
    again = len(carriage.incomplete)
    said = gettext(
        "%(project)s asks by %(found)s now. %(n_carried)d labels were carried over, %(n_aside)d set aside"
    ) % {
        "project": found.project,
        "found": found,
        "n_carried": carriage.n_carried,
        "n_aside": carriage.n_aside,
    }
    if again:
        said += ngettext(
            "; %(n)d reading is in the queue again", "; %(n)d readings are in the queue again", again
        ) % {"n": again}
    return f"{said}."


def _page(
    request: HttpRequest,
    found: Rubric,
    sheet: RubricSheet,
    *,
    stored: str = "",
    problems: Sequence[Problem] = (),
    has_preview: bool = False,
) -> HttpResponse:
    context = {
        "rubric": found,
        "project": found.project,
        "is_in_use": found.project.rubric_id == found.pk,
        "guidelines": sheet.guidelines,
        "questions": fields_of(sheet, problems),
        "problems": problems,
        "has_preview": has_preview,
        "stored": stored or request.POST.get("stored", ""),
        "is_changed": request.method == "POST",
        "scopes": Scope.choices,
        "kinds": CriterionKind.choices,
        "step_kinds": StepKind.choices,
        "candidate_kinds": [(one.value, one.plural) for one in CandidateKind],
        "page_keys": " ".join(sorted(PAGE_KEYS)),
    }
    template = "rubric/frozen.html" if found.is_frozen else "rubric/builder.html"
    is_refused = bool(problems) and not has_preview
    return render(request, template, context, status=400 if is_refused else 200)


def _digest(stored: Sequence[CriterionPreset], found: Rubric) -> str:
    """Names what is stored, so that a save from an old page is noticed."""
    return hashlib.sha256(repr((list(stored), found.guidelines)).encode()).hexdigest()[:16]
