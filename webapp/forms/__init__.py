"""What the stages' forms share: a form made from a settings dataclass, so that a new setting needs no new form."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotate.errors import Rejected
from annotate.settings import build_settings

# Ends the sentence that confirms a form whose work goes to a worker.
HANDED_OVER = gettext_lazy(
    "with the workers now; you may leave. Reload in a moment, and if nothing has changed, see that one is"
    " running: python3 manage.py worker"
)
# Where a run stands in its row and the broker does not answer.
UNSENT_RUN = gettext_lazy(
    "The workers cannot be reached just now. The run is stored, and begins as soon as they can be."
)


class SettingsForm(forms.Form):
    """One field per field of ``settings_class``. Its ranges are the dataclass's own; errors land on their field."""

    prefix = "set"

    def __init__(
        self,
        settings_class: type[Any],
        data: Mapping[str, Any] | None = None,
        *,
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        """``beside`` holds what stands where a field is left empty, before the dataclass's own default."""
        super().__init__(data)
        self.settings_class = settings_class
        self.beside = dict(beside or {})
        hints = get_type_hints(settings_class)
        for spec in dataclasses.fields(settings_class):
            self.fields[spec.name] = _field_for(hints[spec.name], spec)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields by the groups their settings name, those without one first; a title may be empty."""
        found: dict[str, list[forms.BoundField]] = {"": []}
        for spec in dataclasses.fields(self.settings_class):
            found.setdefault(str(spec.metadata.get("group", "")), []).append(self[spec.name])
        return [(title, fields) for title, fields in found.items() if fields]

    def clean(self) -> dict[str, Any]:
        try:
            build_settings(self.settings_class, self.values)
        except Rejected as error:
            self.add_error(error.field if error.field in self.fields else None, error.reason)
        return self.cleaned_data

    @property
    def values(self) -> dict[str, Any]:
        """What was filled in; a field left empty keeps its default."""
        return self.beside | {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in ("", None, []) or isinstance(value, bool)
        }


class _ListField(forms.CharField):
    """Texts, one on each line."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [line for line in (value or "").splitlines() if line]


def _field_for(hint: Any, spec: dataclasses.Field[Any]) -> forms.Field:
    initial = None if spec.default is dataclasses.MISSING else spec.default
    common: dict[str, Any] = {
        "required": False,
        "initial": initial,
        "label": spec.name.replace("_", " ").capitalize(),
        "help_text": spec.metadata.get("help", ""),
    }
    if get_origin(hint) is Literal:
        return forms.ChoiceField(choices=[(choice, choice) for choice in get_args(hint)], **common)
    if get_origin(hint) is tuple:
        told = f"{common['help_text']} {gettext('One on each line.')}".strip()
        return _ListField(**(common | {"help_text": told}))
    if hint is bool:
        return forms.BooleanField(**common)
    if hint is int:
        return forms.IntegerField(**common)
    if hint is float:
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **common)
    return forms.CharField(strip=False, **common)
