from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.album import BadImages
from annotate.ingest.readers import AUTO, READERS
from annotate.ingest.said_options import mapping_in, options_from
from annotate.ingest.splitting import SplitMode

_SPLITS = {
    SplitMode.BLANK_LINE: gettext_lazy("At blank lines"),
    SplitMode.NUMBERED: gettext_lazy("At numbered steps"),
    SplitMode.LINES: gettext_lazy("At every line"),
    SplitMode.SENTENCE: gettext_lazy("At every sentence"),
    SplitMode.TAGGED: gettext_lazy("At a mark that the model sets"),
}
_MAPPINGS = ("columns", "values")
_KINDS = [(kind.value, kind.label) for kind in RaterKind if kind is not RaterKind.REVIEW]


class ReadForm(forms.Form):
    """How a file is to be read. What it does not say, the file says."""

    format = forms.ChoiceField(label=gettext_lazy("Format"), required=False)
    split = forms.ChoiceField(
        label=gettext_lazy("Cut texts into steps"),
        required=False,
        choices=[("", gettext_lazy("As the format does"))]
        + [(mode.value, _SPLITS[mode]) for mode in SplitMode],
        help_text=gettext_lazy("For files that hold whole solutions."),
    )
    split_tag = forms.CharField(label=gettext_lazy("The mark"), required=False, max_length=100)
    columns = forms.CharField(
        label=gettext_lazy("Columns"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy("For tables: one line for each field, as in  problem = question"),
    )
    values = forms.CharField(
        label=gettext_lazy("Values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("What stands for a level in the file, as in  yes = good"),
    )
    rater = forms.CharField(label=gettext_lazy("Whose labels they are"), required=False, max_length=160)
    rater_kind = forms.ChoiceField(
        label=gettext_lazy("Who that is"),
        required=False,
        choices=[("", gettext_lazy("As the format says")), *_KINDS],
    )
    criterion = forms.CharField(label=gettext_lazy("What they answer"), required=False, max_length=80)
    counts_from = forms.TypedChoiceField(
        label=gettext_lazy("The first step is number"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("As the format says")), ("0", "0"), ("1", "1")],
    )
    problem = forms.CharField(
        label=gettext_lazy("The problem, where the file holds solutions alone"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    bad_images = forms.ChoiceField(
        label=gettext_lazy("A row with an image that is no good"),
        required=False,
        choices=[
            ("", gettext_lazy("is not taken")),
            (BadImages.KEEP.value, gettext_lazy("is taken without the image, and the report says so")),
        ],
    )

    def __init__(self, data: Any = None, **given: Any) -> None:
        super().__init__(data, **given)
        self.fields["format"].choices = [  # type: ignore[attr-defined]  # of a ChoiceField
            (AUTO, gettext_lazy("Found out from the file")),
            *((name, reader.title) for name, reader in READERS.items()),
        ]

    def clean(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        for name in _MAPPINGS:
            try:
                found[name] = mapping_in(found.get(name, ""), name)
            except Rejected as error:
                self.add_error(name, error.reason)
        if not self.errors:
            try:
                options_from({name: value for name, value in found.items() if name != "format"})
            except Rejected as error:
                self.add_error(error.field if error.field in self.fields else None, error.reason)
        return found

    @property
    def said(self) -> dict[str, Any]:
        """The options that say something."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "format" and value not in (None, "", {})
        }

    @property
    def has_options(self) -> bool:
        return any(self[name].value() for name in self.fields if name != "format")


def shown_options(options: dict[str, Any]) -> dict[str, Any]:
    """Stored options as the form shows them."""
    lines = {
        name: "\n".join(f"{key} = {value}" for key, value in options[name].items())
        for name in _MAPPINGS
        if name in options
    }
    return options | lines
