"""Commands start without loading the pages of the site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.paths import REPOSITORY
from tests.workers.site import a_site
from webapp.management.base import GradusCommand

NOBODY = "No worker of this machine has given a sign of life lately."
STARTS = {
    # What a worker does before its first task.
    "from workers.celery import app; app.loader.import_default_modules()": "",
    "call_command('worker', '--check', skip_checks=False)": NOBODY,
}
PROGRAM = """
import sys
import django; django.setup()
from django.core.management import CommandError, call_command
said = ""
try:
    {start}
except CommandError as error:
    said = str(error)
print([said, *(name for name in ("webapp.urls", "rest_framework.views") if name in sys.modules)])
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("start", STARTS)
def test_neither_a_worker_nor_a_command_loads_pages_to_start(start: str, tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(start=start)],
            cwd=REPOSITORY,
            env=site.environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    assert ran.stdout.splitlines()[-1] == str([STARTS[start]])


def test_no_command_of_ours_checks_more_than_it_needs() -> None:
    ours = [name for name, app in get_commands().items() if app == "webapp"]
    commands = [load_command_class("webapp", name) for name in ours]
    assert {"worker", "serve", "prelabel", "ingest"} <= set(ours)
    for command in commands:
        if isinstance(command, GradusCommand):
            assert set(command.requires_system_checks) <= set(GradusCommand.requires_system_checks)
