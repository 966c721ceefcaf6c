from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms

from annotate.assign.manage.contracts import NOT_GRADED, TraceFilter
from annotate.assign.manage.lists import MOST_STRATA
from annotate.assign.ordering import TOP_PRIORITY, known_policies
from annotate.assign.rules import MOST_READINGS, QueueRules
from annotate.enums import Outcome, Purpose
from annotate.models import Project
from webapp.forms import SettingsForm


class SkipForm(forms.Form):
    """Leaving a trace to somebody else; the note tells the managers why."""

    token = forms.IntegerField(min_value=0)
    note = forms.CharField(required=False, max_length=2000)


class BasicsForm(forms.Form):
    """What stands in the project itself."""

    overlap = forms.IntegerField(min_value=1, max_value=MOST_READINGS, label="Readings of each trace")
    lease_minutes = forms.IntegerField(
        min_value=1, label="Lease in minutes", help_text="So long a trace stays with somebody who went away."
    )


# Name, label, help. In the order of the page; a setting without a line here is shown at the end as it is called.
_WORDS = (
    ("policy", "Order", ""),
    ("seed", "Seed of the random order", ""),
    ("stratum_key", "Strata", "A key of the traces’ meta data, such as dataset."),
    (
        "overlap_of",
        "Readings by stratum",
        "One on each line, such as math=3. The others get the number above.",
    ),
    ("grow_to", "One reading more while readers disagree, up to", "0: never."),
    ("grow_when", "They disagree when", ""),
    ("grow_share", "The share, for the last of these", ""),
    ("skill_key", "Skills", "A key of the meta data whose value a member must have among their skills."),
    ("gold_rate", "Share of hidden gold", "0.1: one trace of every ten that a person reads. 0: none."),
    ("gold_feedback", "Tell people after each gold trace how they did", ""),
    ("pause_window", "Pause people by their last so many readings", ""),
    ("pause_below_accuracy", "when less than this share is right on gold", "0: never."),
    ("pause_below_seconds", "or when their median of seconds per step is below", "0: never."),
    ("exam_size", "Exam traces a newcomer reads first", "0: no exam."),
    ("exam_pass", "Share right that passes", ""),
)
_DISPUTES = {
    "no_majority": "no answer to some step has more than half",
    "any_step": "they differ on some step",
    "first_error": "no place of the first error has more than half",
    "share": "more than a share of their pairs differ",
}
GROUPS = (
    ("Order", ("policy", "seed")),
    ("How often each trace is read", ("stratum_key", "overlap_of", "grow_to", "grow_when", "grow_share")),
    ("Who may read what", ("skill_key", "exam_size", "exam_pass")),
    ("Hidden gold", ("gold_rate", "gold_feedback")),
    ("Pauses", ("pause_window", "pause_below_accuracy", "pause_below_seconds")),
)


class RulesForm(SettingsForm):
    """The rest of a queue's rules, in words."""

    def __init__(self, rules: QueueRules, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(QueueRules, data)
        self.initial = asdict(rules)
        policy = forms.ChoiceField(choices=[(p.name, p.title) for p in known_policies().values()])
        self.fields["policy"] = policy
        for name, label, said in _WORDS:
            self.fields[name].label, self.fields[name].help_text = label, said
        disputes = self.fields["grow_when"]
        assert isinstance(disputes, forms.ChoiceField)
        disputes.choices = list(_DISPUTES.items())

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in GROUPS]


class FilterForm(forms.Form):
    """Which traces of a project; an empty field asks nothing."""

    search = forms.CharField(
        required=False,
        max_length=200,
        label="Search in ids and problems",
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(
        required=False,
        label="Readings",
        choices=[
            ("", "Any"),
            ("unqueued", "Not in the queue"),
            ("unread", "None in yet"),
            ("under_way", "Some in, some wanted"),
            ("read", "All in"),
        ],
    )
    use = forms.ChoiceField(required=False, choices=[("", "Any"), *Purpose.choices])
    outcome = forms.ChoiceField(
        required=False, choices=[("", "Any"), *Outcome.choices, (NOT_GRADED, "Not graded")]
    )
    stratum = forms.ChoiceField(required=False)
    has_gold = forms.ChoiceField(
        required=False, label="Gold labels", choices=[("", "Any"), ("yes", "Has some"), ("no", "Has none")]
    )
    least_disagreement = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label="Disagreement from",
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )

    def __init__(self, strata: list[str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        stratum = self.fields["stratum"]
        assert isinstance(stratum, forms.ChoiceField)
        stratum.choices = [("", "Any"), *((name, name) for name in strata)]
        if len(strata) == MOST_STRATA:
            stratum.help_text = f"The first {MOST_STRATA} by name."

    @property
    def wanted(self) -> TraceFilter:
        return TraceFilter(**{name: value for name, value in self.cleaned_data.items() if value})


class ChangeForm(forms.Form):
    """One thing to do to all traces of a filter."""

    do = forms.ChoiceField(
        label="With all of them",
        choices=[
            ("use:gold", "Use as hidden gold"),
            ("use:exam", "Use in the exam"),
            ("use:demo", "Use as demonstration"),
            ("use:work", "Put into the ordinary queue"),
            ("use:withdrawn", "Withdraw from the queue"),
            ("add_slots:", "Ask for more readings"),
            ("priority:", "Set the priority"),
        ],
    )
    number = forms.IntegerField(
        required=False,
        min_value=-TOP_PRIORITY,
        max_value=TOP_PRIORITY,
        label="How many readings, or which priority",
    )
    # How many traces the person was told; absent: not confirmed yet.
    count = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        do, _, use = given.get("do", "").partition(":")
        if do in ("add_slots", "priority") and given.get("number") is None:
            self.add_error("number", "Say how many readings, or which priority.")
        fields = {"add_slots": {"slots": given.get("number")}, "priority": {"priority": given.get("number")}}
        given["change"] = {"do": do, **fields.get(do, {"use": use})}
        return given


class ReaderForm(forms.Form):
    """What a manager does about one person at the queue."""

    do = forms.ChoiceField(
        choices=[
            (name, name) for name in ("pause", "resume", "take_back", "waive_exam", "reset_exam", "skills")
        ]
    )
    reason = forms.CharField(required=False, max_length=200)
    skills = forms.CharField(required=False, max_length=4000)


def basics_of(project: Project) -> dict[str, int]:
    return {"overlap": project.overlap, "lease_minutes": project.lease_minutes}
