from __future__ import annotations

from django import forms

from annotate.consensus.registry import POLICIES


class PolicyForm(forms.Form):
    policy = forms.ChoiceField(choices=[(name, policy.title) for name, policy in POLICIES.items()])
