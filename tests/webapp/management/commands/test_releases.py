from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.consensus.actions import run_consensus
from annotate.models import Release
from tests.annotate.export.decided import a_decided_project, say

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("releases", *arguments, stdout=out)
    return out.getvalue()


def test_releases_are_built_listed_and_compared(tmp_path, settings):
    settings.RELEASES_DIR = tmp_path
    decided = a_decided_project(whole=("gg", "gg"), torn=("gg", "gb"))
    built = run_command("sums", "--build", "trl_stepwise", "--set", "neutral=false")
    assert "Release 1 of sums" in built
    assert "steps written: 3" in built
    say(decided.ann, decided.traces["torn"], "--")
    run_consensus(decided.project, policy="majority", settings={"min_votes": 2})
    run_command("sums", "--build", "trl_stepwise")

    assert Release.objects.count() == 2
    assert "Lost" in run_command("sums")
    told = run_command("sums", "2")
    assert "Release 2 since release 1" in told
    assert "policy, min_votes: 1 → 2" in told
    assert "settings, neutral: false → true" in told
    assert json.loads(run_command("sums", "2", "--json"))["since"] == 1
    assert json.loads(run_command("sums", "1", "--against", "2", "--json"))["since"] == 2
    assert "first of its kind" in run_command("sums", "1")
    with pytest.raises(CommandError, match="no published release 7"):
        run_command("sums", "7")
