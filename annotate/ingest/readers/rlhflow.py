"""RLHFlow's reward-model data: ``{"conversations": [...]}``, steps by the user, ``+`` or ``-`` by the assistant.

The first turn holds the problem and the first step with a space between. They can be told apart where the step
begins with "Step 1:", or where the row says the problem by itself (``problem``, ``prompt`` or ``question``), or an
option does: the one problem of the file, or a list of which one begins every row; else the row is refused. Nothing else
marks the place: the format's own program puts prompt, space and first step together, and the data of DeepSeek's
solutions holds neither words nor a break there. The marks are those of rollouts and answer *recoverable*, as
Math-Shepherd's do.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.enums import RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelDraft, ProblemDraft, Row, TraceDraft, named_by_content
from annotate.ingest.fields import Fields
from annotate.ingest.first_step import told_apart
from annotate.ingest.known_problems import KnownProblems
from annotate.ingest.label_fields import RECOVERABLE
from annotate.ingest.options import PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import given_steps

RATER = "rollout/rlhflow"
SEPARATOR = "\n\n"
_VERDICTS = {"+": Verdict.GOOD, "-": Verdict.BAD}
_PROBLEM = ("problem", "prompt", "question")
_KNOWN = frozenset({"id", *_PROBLEM, "conversations", "messages"})


class RlhflowReader:
    name = "rlhflow"
    title = "RLHFlow: steps as turns, + or - as answers"
    heeds = RATING | {"problem", "problems"}

    def fits(self, sample: Sample) -> bool:
        turns = sample.list_of(_name(sample), dict) or []
        answers = [turn.get("content") for turn in turns if turn.get("role") == "assistant"]
        return bool(answers) and all(isinstance(one, str) and one.strip() in _VERDICTS for one in answers)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _trace_draft(fields, options))


def _name(fields: Sample | Fields) -> str:
    return "conversations" if fields.has("conversations") else "messages"


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    texts, marks = _turns(fields, _name(fields))
    problem, first = _told_apart(texts[0], _said_problem(fields) or options.problem, options.problems)
    steps = given_steps(Fields({"steps": [first, *texts[1:]]}, _name(fields)), separator=SEPARATOR)
    rater = options.rater_or(RATER, RaterKind.ROLLOUT)
    draft = ProblemDraft(problem)
    return TraceDraft(
        external_id=fields.optional_name("id") or named_by_content("rlhflow", draft, steps),
        problem=draft,
        steps=steps,
        meta=fields.rest(_KNOWN),
        labels=tuple(
            LabelDraft(rater, options.criterion or RECOVERABLE, position, _VERDICTS[mark], origin=path)
            for position, (path, mark) in enumerate(marks)
        ),
    )


def _said_problem(fields: Fields) -> str:
    said = {text for name in _PROBLEM if (text := fields.optional_text(name))}
    if len(said) > 1:
        there = " and ".join(name for name in _PROBLEM if fields.has(name))
        raise Rejected(f"{there} say different problems", field=there.partition(" ")[0])
    return said.pop() if said else ""


def _turns(fields: Fields, name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The steps, and the marks with their paths. Raises Rejected unless they take turns."""
    turns = [Fields.of(entry, path) for path, entry in fields.items(name)]
    texts: list[str] = []
    marks: list[tuple[str, str]] = []
    for number, turn in enumerate(turns):
        wanted = "assistant" if number % 2 else "user"
        if turn.raw("role") != wanted:
            raise Rejected(f"must be {wanted}: steps and marks take turns", field=turn.path("role"))
        text = turn.text("content")
        if wanted == "user":
            texts.append(text)
        elif text.strip() not in _VERDICTS:
            raise Rejected("must be + or -", field=turn.path("content"))
        else:
            marks.append((turn.path("content"), text.strip()))
    if not texts or len(texts) != len(marks):
        raise Rejected(f"has {len(texts)} steps and {len(marks)} marks", field=name)
    return texts, marks


def _told_apart(text: str, problem: str, known: KnownProblems | None) -> tuple[str, str]:
    place = "conversations[0].content"
    if not problem and known is not None:
        problem = known.first_in(text)
        if not problem:
            raise Rejected(f"begins with none of the {len(known):,} problems that were said", field=place)
    if problem:
        first = text.removeprefix(problem)
        if not text.startswith(problem) or not first.strip():
            raise Rejected("does not begin with the problem and go on", field=place)
        # The format puts one space between them.
        return problem, first[1:] if first[0].isspace() else first
    try:
        return told_apart(text, place)
    except Rejected as error:
        told = "say the problem, in a field problem of every row, or as an option: one for all, or a list of them"
        raise Rejected(f"{error.reason}; {told}", field=place) from None
