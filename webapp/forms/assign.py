from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

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

    overlap = forms.IntegerField(
        min_value=1, max_value=MOST_READINGS, label=gettext_lazy("Readings of each trace")
    )
    lease_minutes = forms.IntegerField(
        min_value=1,
        label=gettext_lazy("Lease in minutes"),
        help_text=gettext_lazy("So long a trace stays with somebody who went away."),
    )


# Name, label, help. In the order of the page; a setting without a line here is shown at the end as it is called.
_WORDS = (
    ("policy", gettext_lazy("Order"), ""),
    ("seed", gettext_lazy("Seed of the random order"), ""),
    ("stratum_key", gettext_lazy("Strata"), gettext_lazy("A key of the traces’ meta data, such as dataset.")),
    (
        "overlap_of",
        gettext_lazy("Readings by stratum"),
        gettext_lazy("One on each line, such as math=3. The others get the number above."),
    ),
    ("grow_to", gettext_lazy("One reading more while readers disagree, up to"), gettext_lazy("0: never.")),
    ("grow_when", gettext_lazy("They disagree when"), ""),
    ("grow_share", gettext_lazy("The share, for the last of these"), ""),
    (
        "skill_key",
        gettext_lazy("Skills"),
        gettext_lazy("A key of the meta data whose value a member must have among their skills."),
    ),
    (
        "gold_rate",
        gettext_lazy("Share of hidden gold"),
        gettext_lazy("0.1: one trace of every ten that a person reads. 0: none."),
    ),
    ("gold_feedback", gettext_lazy("Tell people after each gold trace how they did"), ""),
    ("pause_window", gettext_lazy("Pause people by their last so many readings"), ""),
    (
        "pause_below_accuracy",
        gettext_lazy("when less than this share is right on gold"),
        gettext_lazy("0: never."),
    ),
    (
        "pause_below_seconds",
        gettext_lazy("or when their median of seconds per step is below"),
        gettext_lazy("0: never."),
    ),
    ("exam_size", gettext_lazy("Exam traces a newcomer reads first"), gettext_lazy("0: no exam.")),
    ("exam_pass", gettext_lazy("Share right that passes"), ""),
)
_DISPUTES = {
    "no_majority": gettext_lazy("no answer to some step has more than half"),
    "any_step": gettext_lazy("they differ on some step"),
    "first_error": gettext_lazy("no place of the first error has more than half"),
    "share": gettext_lazy("more than a share of their pairs differ"),
}
GROUPS = (
    (gettext_lazy("Order"), ("policy", "seed")),
    (
        gettext_lazy("How often each trace is read"),
        ("stratum_key", "overlap_of", "grow_to", "grow_when", "grow_share"),
    ),
    (gettext_lazy("Who may read what"), ("skill_key", "exam_size", "exam_pass")),
    (gettext_lazy("Hidden gold"), ("gold_rate", "gold_feedback")),
    (gettext_lazy("Pauses"), ("pause_window", "pause_below_accuracy", "pause_below_seconds")),
)


class RulesForm(SettingsForm):
    """The rest of a queue's rules, in words."""

    def __init__(self, rules: QueueRules, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(QueueRules, data)
        self.initial = asdict(rules)
        policy = forms.ChoiceField(choices=[(p.name, gettext(p.title)) for p in known_policies().values()])
        self.fields["policy"] = policy
        for name, label, said in _WORDS:
            self.fields[name].label, self.fields[name].help_text = label, said
        disputes = self.fields["grow_when"]
        assert isinstance(disputes, forms.ChoiceField)
        disputes.choices = list(_DISPUTES.items())

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(str(title), [self[name] for name in names]) for title, names in GROUPS]


class FilterForm(forms.Form):
    """Which traces of a project; an empty field asks nothing."""

    search = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("Search in ids and problems"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Readings"),
        choices=[
            ("", gettext_lazy("Any")),
            ("unqueued", gettext_lazy("Not in the queue")),
            ("unread", gettext_lazy("None in yet")),
            ("under_way", gettext_lazy("Some in, some wanted")),
            ("read", gettext_lazy("All in")),
        ],
    )
    use = forms.ChoiceField(
        required=False, label=gettext_lazy("Use"), choices=[("", gettext_lazy("Any")), *Purpose.choices]
    )
    outcome = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Outcome"),
        choices=[("", gettext_lazy("Any")), *Outcome.choices, (NOT_GRADED, gettext_lazy("Not graded"))],
    )
    stratum = forms.ChoiceField(required=False, label=gettext_lazy("Stratum"))
    has_gold = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Gold labels"),
        choices=[
            ("", gettext_lazy("Any")),
            ("yes", gettext_lazy("Has some")),
            ("no", gettext_lazy("Has none")),
        ],
    )
    least_disagreement = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label=gettext_lazy("Disagreement from"),
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )

    def __init__(self, strata: list[str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        stratum = self.fields["stratum"]
        assert isinstance(stratum, forms.ChoiceField)
        stratum.choices = [("", gettext("Any")), *((name, name) for name in strata)]
        if len(strata) == MOST_STRATA:
            stratum.help_text = gettext("The first %(most_strata)s by name.") % {"most_strata": MOST_STRATA}

    @property
    def wanted(self) -> TraceFilter:
        return TraceFilter(**{name: value for name, value in self.cleaned_data.items() if value})


class ChangeForm(forms.Form):
    """One thing to do to all traces of a filter."""

    do = forms.ChoiceField(
        label=gettext_lazy("With all of them"),
        choices=[
            ("use:gold", gettext_lazy("Use as hidden gold")),
            ("use:exam", gettext_lazy("Use in the exam")),
            ("use:demo", gettext_lazy("Use as demonstration")),
            ("use:work", gettext_lazy("Put into the ordinary queue")),
            ("use:withdrawn", gettext_lazy("Withdraw from the queue")),
            ("add_slots:", gettext_lazy("Ask for more readings")),
            ("priority:", gettext_lazy("Set the priority")),
        ],
    )
    number = forms.IntegerField(
        required=False,
        min_value=-TOP_PRIORITY,
        max_value=TOP_PRIORITY,
        label=gettext_lazy("How many readings, or which priority"),
    )
    # How many traces the person was told; absent: not confirmed yet.
    count = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        do, _, use = given.get("do", "").partition(":")
        if do in ("add_slots", "priority") and given.get("number") is None:
            self.add_error("number", gettext("Say how many readings, or which priority."))
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
