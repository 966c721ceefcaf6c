"""The problems that a batch of rows speaks of, known and new. Used by trace_batch.py."""

from __future__ import annotations

from collections.abc import Iterable

from annotate.errors import Rejected
from annotate.ingest.drafts import ProblemDraft
from annotate.ingest.merging import merged
from annotate.models import Problem, Project

_REFERENCES = ("reference_answer", "reference_solution")


class ProblemShelf:
    """A problem is known by its text: the same text under a second id is the same problem, under its first id.

    Otherwise one problem could end up on both sides of a train and test split.
    """

    def __init__(self, project: Project, wanted: Iterable[tuple[str, ProblemDraft]]) -> None:
        """Look up what is known of ``wanted``, pairs of a problem's hash and its draft."""
        self._project = project
        pairs = list(wanted)
        known = Problem.objects.filter(project=project)
        hashes = {digest for digest, _ in pairs}
        names = {_name(digest, draft) for digest, draft in pairs}
        self._by_hash = {problem.content_hash: problem for problem in known.filter(content_hash__in=hashes)}
        self._by_name = {problem.external_id: problem for problem in known.filter(external_id__in=names)}
        self._created: list[Problem] = []
        self._fuller: dict[str, Problem] = {}

    def take(self, digest: str, draft: ProblemDraft) -> tuple[Problem, bool]:
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
        """Write what was taken and is new, or fuller than before."""
        fuller = [problem for problem in self._fuller.values() if problem.pk is not None]
        Problem.objects.bulk_create(self._created)
        Problem.objects.bulk_update(fuller, [*_REFERENCES, "meta"])

    def _new(self, digest: str, draft: ProblemDraft) -> Problem:
        name = _name(digest, draft)
        if name in self._by_name:
            raise Rejected(f"{name!r} already names a problem with another text", field="problem.id")
        problem = Problem(project=self._project, external_id=name, text=draft.text, content_hash=digest)
        self._by_hash[digest] = self._by_name[name] = problem
        self._created.append(problem)
        return problem


def _fill(problem: Problem, draft: ProblemDraft) -> bool:
    """Add what was not known before; whether there was anything."""
    before = (problem.reference_answer, problem.reference_solution, problem.meta)
    for name in _REFERENCES:
        if getattr(problem, name) is None:
            setattr(problem, name, getattr(draft, name))
    problem.meta = merged(problem.meta, draft.meta)
    return before != (problem.reference_answer, problem.reference_solution, problem.meta)


def _name(digest: str, draft: ProblemDraft) -> str:
    return draft.external_id or f"sha256-{digest[:24]}"
