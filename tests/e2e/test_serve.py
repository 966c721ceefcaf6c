from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.embedded import environment, processes_under
from tests.paths import REPOSITORY


@pytest.mark.timeout(180)
def test_serve_brings_pages_and_a_worker_and_takes_them_along(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "8790"],
        cwd=REPOSITORY,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        address = re.search(r"http://\S+/", process.stdout.readline())
        assert address is not None
        with urllib.request.urlopen(address.group(0), timeout=20) as page:
            assert "Sign in" in page.read().decode()
        # The command itself, the server with its worker process, and the worker.
        assert len(processes_under(tmp_path)) >= 4
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=40) == 0
    assert processes_under(tmp_path) == []
