from __future__ import annotations

from django import forms


class CommentForm(forms.Form):
    """What a reviewer writes; ``to`` is the reading whose reader is addressed, empty for reviewers alone."""

    about = forms.IntegerField(min_value=0, required=False)
    to = forms.IntegerField(min_value=0, required=False)
    asks_reviewers = forms.BooleanField(required=False)
    # How the trace was cut on the page; without it, as it is now.
    boundary = forms.IntegerField(min_value=1, required=False)
    text = forms.CharField(strip=False, required=False)


class WordsForm(forms.Form):
    text = forms.CharField(strip=False, required=False)
