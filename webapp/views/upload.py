"""Bringing a file in: it arrives in pieces, is looked at, tried, and read by a worker."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, upload_for
from annotate.enums import Role, UploadState
from annotate.errors import Rejected
from annotate.ingest.looking import look_at
from annotate.ingest.readers import AUTO
from annotate.ingest.said_options import options_from
from annotate.ingest.unpacking import TooLargeToLookAt
from annotate.ingest.uploads import (
    add_piece,
    ask_ingest,
    begin_upload,
    forget_upload,
    progress_of,
    stop_ingest,
)
from annotate.models import Person, Project, Upload
from annotate.prelabel.runs.attendance import on_duty
from webapp.forms.upload import ReadForm, shown_options
from workers.tasks.ingest import send_upload, store

SHOWN = 30


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def uploads(request: HttpRequest, slug: str) -> HttpResponse:
    """Files that were brought in lately or wait to be; POST takes a whole one from a form without a script."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    refusal = ""
    if request.method == "POST":
        try:
            return redirect("upload", pk=_whole(request, project).pk)
        except Rejected as error:
            refusal = error.reason
    context = {
        "project": project,
        "uploads": Upload.objects.filter(project=project).select_related("person").order_by("-pk")[:SHOWN],
        "most_gib": settings.MOST_UPLOADED_BYTES // 1024**3,
        "refusal": refusal,
    }
    return render(request, "ingest/uploads.html", context, status=400 if refusal else 200)


def _whole(request: HttpRequest, project: Project) -> Upload:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or file.size is None:
        raise Rejected(gettext("Choose a file."), field="file")
    assert isinstance(request.user, Person)
    upload = begin_upload(project, request.user, store(), name=file.name or "file", size=file.size)
    assert file.file is not None
    return add_piece(upload, store(), offset=0, body=file.file)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows what the file holds, or how far it is; POST asks for something to be done with it."""
    found = upload_for(request.user, pk)
    form = ReadForm(request.POST if request.method == "POST" else _given(request, found))
    is_valid = form.is_valid()
    if request.method == "POST" and (answer := _done(request, found, form)):
        return answer
    context: dict[str, Any] = {
        "project": found.project,
        "upload": found,
        "form": form,
        "progress": progress_of(found, store()),
        "is_done": found.state == UploadState.DONE,
    }
    if found.is_under_way:
        context["has_worker"] = any("cpu" in one.queues.split(",") for one in on_duty())
    if request.headers.get("HX-Request") is not None:
        return render(request, "ingest/upload.html#live", context)
    if found.is_here and not found.is_under_way and is_valid:
        context |= _looked_at(found, form)
    return render(request, "ingest/upload.html", context, status=200 if is_valid else 400)


def _given(request: HttpRequest, found: Upload) -> Any:
    """What the address says about the file, else what was last asked."""
    if "format" in request.GET:
        return request.GET
    return {"format": found.format, **shown_options(found.options)}


def _looked_at(found: Upload, form: ReadForm) -> dict[str, Any]:
    try:
        preview = look_at(
            store().content(found),
            format=form.cleaned_data["format"] or AUTO,
            options=options_from(form.said),
        )
    except TooLargeToLookAt as error:
        return {"unseen": error.reason}
    except Rejected as error:
        return {"unread": error.reason if error.field is None else f"{error.field}: {error.reason}"}
    return {"preview": preview}


def _done(request: HttpRequest, found: Upload, form: ReadForm) -> HttpResponse | None:
    do = request.POST.get("do")
    if do == "stop":
        stop_ingest(found, store())
        messages.success(request, gettext("It stops after the rows at hand. What was written stays."))
        return redirect("upload", pk=found.pk)
    if do == "forget":
        slug = found.project.slug
        forget_upload(found, store())
        messages.success(request, gettext("The file is gone. What was brought in of it stays."))
        return redirect("uploads", slug=slug)
    if do not in ("try", "bring"):
        raise Rejected(gettext("Say what to do with the file."), field="do")
    if not form.is_valid():
        return None
    asked = ask_ingest(
        found,
        store(),
        format=form.cleaned_data["format"] or AUTO,
        options=form.said,
        is_dry_run=do == "try",
        is_strict=bool(request.POST.get("is_strict")),
    )
    send_upload(asked)
    return redirect("upload", pk=found.pk)
