"""Who may import whom (contracts in pyproject.toml), and that the contracts bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

ROOT_PACKAGES = ("annotate", "webapp", "workers")


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    # Import Linter has no __main__: this is what its console script calls.
    program = "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(tree / "pyproject.toml")],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def hollow_tree(tmp_path: Path) -> Path:
    """The same modules with nothing in them: a contract broken here is broken by the one module a test adds."""
    for package in ROOT_PACKAGES:
        for file in (REPOSITORY / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def add_module(tree: Path, path: str, source: str = "") -> None:
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(source)


def test_imports_keep_every_contract() -> None:
    result = lint_imports(REPOSITORY)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("path", "source", "broken"),
    [
        ("annotate/utils/__init__.py", "", "The stages of annotate"),
        ("webapp/common.py", "", "urls → views"),
        ("annotate/ingest/late.py", "import annotate.export", "The stages of annotate"),
        ("annotate/label/sly.py", "import annotate.prelabel", "The stages of annotate"),
        ("annotate/assign/queue.py", "import celery", "annotate knows no queue"),
        ("annotate/stats/rows.py", "import django", "stats knows no Django"),
        ("annotate/models/up.py", "import webapp.env", "webapp → workers → annotate"),
        ("webapp/views/loads.py", "import torch", "The web process never loads"),
    ],
)
def test_contracts_refuse(hollow_tree: Path, path: str, source: str, broken: str) -> None:
    add_module(hollow_tree, path, source)
    result = lint_imports(hollow_tree)
    assert result.returncode == 1, result.stdout
    assert any(broken in line and "BROKEN" in line for line in result.stdout.splitlines()), result.stdout


def test_contracts_refuse_a_reader_that_imports_another(hollow_tree: Path) -> None:
    add_module(hollow_tree, "annotate/ingest/readers/one.py")
    add_module(hollow_tree, "annotate/ingest/readers/two.py", "import annotate.ingest.readers.one")
    result = lint_imports(hollow_tree)
    assert "One file per reader, none importing another BROKEN" in result.stdout


def test_domain_may_not_know_requests(hollow_tree: Path) -> None:
    shutil.copy(REPOSITORY / "annotate" / "ruff.toml", hollow_tree / "annotate")
    add_module(
        hollow_tree, "annotate/label/page.py", "from django.http import HttpRequest\n\nHttpRequest()\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "annotate/label/page.py"],
        cwd=hollow_tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in result.stdout, result.stdout + result.stderr


def test_launcher_needs_the_standard_library_only() -> None:
    """It runs before anything is installed: in isolated mode with no site-packages."""
    program = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import webapp.setup_venv"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
