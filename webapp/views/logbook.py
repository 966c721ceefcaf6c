"""The logbook of a project: a page and a file, for those who manage it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotate.access import project_for
from annotate.enums import Role
from annotate.logbook import entries_of, names_of, nouns_of
from annotate.models import LogEntry, Project
from webapp.paging import key_in
from webapp.tables import lines_of

PAGE = 50
COLUMNS = ("id", "at", "actor", "via", "verb", "noun", "subject", "before", "after")


@login_required
@require_safe
def log(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_for(request.user, slug, role=Role.MANAGER)
    noun = request.GET.get("noun", "")
    before = key_in(request, "before")
    entries = list(entries_of(project, noun, before=before)[: PAGE + 1])
    names = names_of(entries[:PAGE])
    context = {
        "project": project,
        "rows": [(entry, names.get(entry.actor_pk or 0, ""), _changes(entry)) for entry in entries[:PAGE]],
        "noun": noun,
        "nouns": nouns_of(project),
        "is_first": before is None,
        "next_before": entries[PAGE - 1].pk if len(entries) > PAGE else None,
    }
    return render(request, "logbook/log.html", context)


def _changes(entry: LogEntry) -> list[tuple[str, str, str]]:
    """What changed by name: what stood before, what stands after; empty where there was or is nothing."""
    names = dict.fromkeys((*entry.before, *entry.after))
    return [(name, _said(entry.before, name), _said(entry.after, name)) for name in names]


def _said(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return ""
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


@login_required
@require_safe
def log_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Every line, newest first, streamed."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    return StreamingHttpResponse(
        lines_of(_lines(project)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{project.slug}-log.csv"'},
    )


def _lines(project: Project) -> Iterator[Sequence[Any]]:
    yield COLUMNS
    for entry in entries_of(project).iterator(chunk_size=1000):
        yield (
            *(entry.pk, entry.at.isoformat(), entry.actor_pk, entry.via, entry.verb, entry.noun),
            *(entry.subject_pk, json.dumps(entry.before), json.dumps(entry.after)),
        )
