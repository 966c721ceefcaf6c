from __future__ import annotations

from django import forms

from annotate.enums import Role
from annotate.ingest.inviting import MOST_DAYS, MOST_USES


class InvitationForm(forms.Form):
    role = forms.ChoiceField(
        choices=[choice for choice in Role.choices if choice[0] != Role.OWNER], initial=Role.ANNOTATOR
    )
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=7, label="Valid for days")
    uses = forms.IntegerField(
        min_value=1,
        max_value=MOST_USES,
        required=False,
        initial=1,
        label="For how many people",
        help_text="Empty: no limit while it is valid.",
    )


class SignUpForm(forms.Form):
    username = forms.CharField(
        max_length=150, label="User name", widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False,
        help_text="At least 10 characters, not a common one, not only digits.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        strip=False,
        label="The password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError("The two passwords differ.")
        return again
