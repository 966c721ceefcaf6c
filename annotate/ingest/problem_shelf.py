"""The problems that a batch of rows speaks of, known and new. Used by trace_batch.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.drafts import ProblemDraft
from annotate.ingest.merging import merged
from annotate.ingest.rows import NO_JSON, insert_rows, new_keys
from annotate.models import Problem, Project

_REFERENCES = ("reference_answer", "reference_solution")
_KEPT = ("pk", "external_id", "content_hash", *_REFERENCES, "meta")
_NEW = ("id", "project", "external_id", "text", *_REFERENCES, "content_hash", "meta")


@dataclass(slots=True)
class Shelved:
    """A problem as it will stand in the database; ``pk`` is 0 until a new one has been written."""

    pk: int
    external_id: str
    content_hash: str
    reference_answer: str | None = None
    reference_solution: str | None = None
    meta: Mapping[str, Any] | None = None
    text: str = ""


class ProblemShelf:
    """A problem is known by its text: the same text under a second id is the same problem, under its first id.

    Otherwise one problem could end up on both sides of a train and test split.
    """

    def __init__(self, project: Project, wanted: Iterable[tuple[str, ProblemDraft]]) -> None:
        """Look up what is known of ``wanted``, pairs of a problem's hash and its draft."""
        self._project = project
        pairs = list(wanted)
        known = Problem.objects.filter(project=project).values_list(*_KEPT)
        hashes = {digest for digest, _ in pairs}
        names = {_name(digest, draft) for digest, draft in pairs}
        self._by_hash = {one.content_hash: one for one in _shelved(known.filter(content_hash__among=hashes))}
        self._by_name = {one.external_id: one for one in _shelved(known.filter(external_id__among=names))}
        self._created: list[Shelved] = []
        self._fuller: dict[str, Shelved] = {}

    def take(self, digest: str, draft: ProblemDraft) -> tuple[Shelved, bool]:
        """The problem, and whether ``draft`` added something to it. Rejected when they contradict each other."""
        problem = self._by_hash.get(digest) or self._new(digest, draft)
        for name in _REFERENCES:
            known, said = getattr(problem, name), getattr(draft, name)
            if known is not None and said is not None and known != said:
                reason = f"differs from that of problem {problem.external_id!r}, which has the same text"
                raise Rejected(reason, field=f"problem.{name}")
        is_fuller = _fill(problem, draft)
        if is_fuller:
            self._fuller[problem.external_id] = problem
        return problem, is_fuller

    def save(self) -> None:
        """Write what was taken and is new, or fuller than before; every problem has a key from then on."""
        fuller = [
            Problem(**{name: getattr(one, name) for name in ("pk", *_REFERENCES, "meta")})
            for one in self._fuller.values()
            if one.pk
        ]
        if fuller:
            Problem.objects.bulk_update(fuller, [*_REFERENCES, "meta"])
        if self._created:
            for one, key in zip(self._created, new_keys(Problem, len(self._created)), strict=True):
                one.pk = key
            insert_rows(Problem, _NEW, map(self._row, self._created))

    def _row(self, one: Shelved) -> tuple[Any, ...]:
        meta = json.dumps(one.meta) if one.meta else NO_JSON
        references = (one.reference_answer, one.reference_solution)
        return (one.pk, self._project.pk, one.external_id, one.text, *references, one.content_hash, meta)

    def _new(self, digest: str, draft: ProblemDraft) -> Shelved:
        name = _name(digest, draft)
        if name in self._by_name:
            raise Rejected(f"{name!r} already names a problem with another text", field="problem.id")
        problem = Shelved(0, name, digest, meta={}, text=draft.text)
        self._by_hash[digest] = self._by_name[name] = problem
        self._created.append(problem)
        return problem


def _shelved(rows: Iterable[tuple[Any, ...]]) -> Iterable[Shelved]:
    return (Shelved(*row) for row in rows)


def _fill(problem: Shelved, draft: ProblemDraft) -> bool:
    """Add what was not known before; whether there was anything."""
    before = (problem.reference_answer, problem.reference_solution, problem.meta)
    for name in _REFERENCES:
        if getattr(problem, name) is None:
            setattr(problem, name, getattr(draft, name))
    problem.meta = merged(problem.meta or {}, draft.meta)
    return before != (problem.reference_answer, problem.reference_solution, problem.meta)


def _name(digest: str, draft: ProblemDraft) -> str:
    return draft.external_id or f"sha256-{digest[:24]}"
