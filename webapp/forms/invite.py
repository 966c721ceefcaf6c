from __future__ import annotations

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotate.enums import Role
from annotate.ingest.inviting import MOST_DAYS, MOST_USES


class InvitationForm(forms.Form):
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[choice for choice in Role.choices if choice[0] != Role.OWNER],
        initial=Role.ANNOTATOR,
    )
    days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=7, label=gettext_lazy("Valid for days")
    )
    uses = forms.IntegerField(
        min_value=1,
        max_value=MOST_USES,
        required=False,
        initial=1,
        label=gettext_lazy("For how many people"),
        help_text=gettext_lazy("Empty: no limit while it is valid."),
    )


class SignUpForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        label=gettext_lazy("User name"),
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        strip=False,
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("At least 10 characters, not a common one, not only digits."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        strip=False,
        label=gettext_lazy("The password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError(gettext("The two passwords differ."))
        return again
