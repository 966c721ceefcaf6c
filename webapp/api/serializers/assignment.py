"""What an annotator may see of a trace: the problem, the steps, the questions and their own answers.

Nothing here comes from another person or from the trace's outcome, its model or its meta data, each of which could hint
at an answer; what machines said only once the holder has answered everything. The reference is shown where the project
says so.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.assign.queries import feedback_on
from annotate.enums import CandidateKind, StepKind
from annotate.label import completeness
from annotate.label.queries import Sheet, sheet_of
from annotate.label.revealing import is_revealed, machine_words
from annotate.models import Assignment, Candidate, Problem

from .rubric import CriterionSerializer


class ShownWord(serializers.Serializer[Any]):
    """What a machine says at one place, for somebody who has committed themselves."""

    step = serializers.IntegerField(allow_null=True)
    rater = serializers.CharField()
    kind = serializers.CharField()
    criterion = serializers.CharField(help_text="The question's title.")
    value = serializers.CharField()
    probability = serializers.FloatField(allow_null=True)
    text = serializers.CharField(allow_blank=True)


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    project = serializers.SlugField(source="project.slug", read_only=True)
    trace = serializers.CharField(source="trace.external_id", read_only=True)
    feedback = serializers.SerializerMethodField()
    boundary_version = serializers.IntegerField(
        source="trace.boundary_version", read_only=True, help_text="Rises when steps are split or merged."
    )

    class Meta:
        model = Assignment
        fields: tuple[str, ...] = (
            "id",
            "project",
            "trace",
            "boundary_version",
            "state",
            "token",
            "held_until",
            "opened_at",
            "finished_at",
            "note",
            "feedback",
        )

    def get_feedback(self, assignment: Assignment) -> str | None:
        """How a submitted reading did against a known answer, where the project tells people; else null."""
        return feedback_on(assignment) or None


class ShownProblem(serializers.Serializer[Problem]):
    text = serializers.CharField()
    reference_answer = serializers.CharField(allow_null=True, help_text="null where the project hides it.")
    reference_solution = serializers.CharField(allow_null=True)


class ShownStep(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=StepKind.choices)
    text = serializers.CharField()


class ShownCandidate(serializers.Serializer[Candidate]):
    """A text about a step; where it comes from is not shown to those who rate it."""

    id = serializers.IntegerField()
    step = serializers.IntegerField(source="step.position")
    kind = serializers.ChoiceField(choices=CandidateKind.choices)
    position = serializers.IntegerField()
    text = serializers.CharField()


class ShownAnswer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    step = serializers.IntegerField(allow_null=True)
    candidate = serializers.IntegerField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_blank=True)


class SheetSerializer(AssignmentSerializer):
    """An assignment laid out for its holder."""

    problem = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField()
    candidates = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()
    n_missing = serializers.SerializerMethodField()
    prelabels = serializers.SerializerMethodField()

    class Meta(AssignmentSerializer.Meta):
        fields = (
            *AssignmentSerializer.Meta.fields,
            "problem",
            "steps",
            "criteria",
            "candidates",
            "answers",
            "n_missing",
            "prelabels",
        )

    def to_representation(self, instance: Assignment) -> dict[str, Any]:
        self._sheet: Sheet = sheet_of(instance)
        return super().to_representation(instance)

    @extend_schema_field(ShownProblem)
    def get_problem(self, assignment: Assignment) -> dict[str, Any]:
        problem = assignment.trace.problem
        is_shown = assignment.project.shows_reference
        return {
            "text": problem.text,
            "reference_answer": problem.reference_answer if is_shown else None,
            "reference_solution": problem.reference_solution if is_shown else None,
        }

    @extend_schema_field(ShownStep(many=True))
    def get_steps(self, assignment: Assignment) -> list[dict[str, Any]]:
        return [{"position": s.position, "kind": s.kind, "text": s.text} for s in self._sheet.steps]

    @extend_schema_field(CriterionSerializer(many=True))
    def get_criteria(self, assignment: Assignment) -> list[dict[str, Any]]:
        return list(CriterionSerializer(self._sheet.criteria, many=True).data)

    @extend_schema_field(ShownAnswer(many=True))
    def get_answers(self, assignment: Assignment) -> list[dict[str, Any]]:
        key_of = {criterion.pk: criterion.key for criterion in self._sheet.criteria}
        about_steps = [
            {"criterion": key_of[pk], "step": step, "candidate": None, **_said(answer)}
            for (pk, step), answer in sorted(self._sheet.answers.items(), key=_place)
            if pk in key_of
        ]
        ratings = [
            {"criterion": key_of[pk], "step": None, "candidate": candidate, **_said(answer)}
            for (pk, candidate), answer in sorted(self._sheet.ratings.items(), key=lambda item: item[0])
            if pk in key_of
        ]
        return about_steps + ratings

    @extend_schema_field(ShownCandidate(many=True))
    def get_candidates(self, assignment: Assignment) -> list[dict[str, Any]]:
        return [
            {
                "id": one.pk,
                "step": self._sheet.texts.position(one),
                "kind": one.kind,
                "position": one.position,
                "text": one.text,
            }
            for one in self._sheet.candidates
        ]

    @extend_schema_field(ShownWord(many=True, allow_null=True))
    def get_prelabels(self, assignment: Assignment) -> list[dict[str, Any]] | None:
        """null until the holder has answered everything, and for good where the project does not show them."""
        if not is_revealed(assignment):
            return None
        words = machine_words(assignment)
        return [
            dict(ShownWord({**asdict(word), "step": step}).data)
            for step, said in words.items()
            for word in said
        ]

    def get_n_missing(self, assignment: Assignment) -> int:
        return self._sheet.n_missing


def _said(answer: completeness.Answer) -> dict[str, Any]:
    return {"value": answer.value or None, "text": answer.text}


def _place(item: tuple[tuple[int, int | None], Any]) -> tuple[int, int]:
    (criterion, step), _ = item
    return (criterion, -1 if step is None else step)


class Lease(serializers.Serializer[Assignment]):
    token = serializers.IntegerField(min_value=0, help_text="The token the assignment was claimed with.")


class Skip(Lease):
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)


class Place(Lease):
    boundary = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="The boundary_version of the steps that were read; null: as they are now.",
    )
    criterion = serializers.CharField(help_text="The criterion's key.")
    step = serializers.IntegerField(
        min_value=0, allow_null=True, default=None, help_text="A position from 0; null: the whole trace."
    )
    candidate = serializers.IntegerField(
        allow_null=True, default=None, help_text="The id of the candidate that is rated, without a step."
    )


class Answer(Place):
    value = serializers.CharField(
        allow_blank=True, default="", help_text="The key of a level; tags with spaces between them."
    )
    text = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    seconds = serializers.FloatField(allow_null=True, default=None, min_value=0)
    is_filled = serializers.BooleanField(
        default=False, help_text="Answered along with an error further on, not looked at by itself."
    )


class Claim(serializers.Serializer[Any]):
    """``assignment`` null: there is nothing to take, and ``reason`` says why."""

    assignment = SheetSerializer(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class Filled(serializers.Serializer[Any]):
    """``is_done`` false: the project is big and a worker fills its queue; ``…/queue/filling/`` says how far it is."""

    added = serializers.IntegerField()
    is_done = serializers.BooleanField()
