"""The launcher: what it decides, what it says, and that a half-built environment is never believed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from webapp import setup_venv
from webapp.setup_venv import Record, SetupError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with locks of one line and a ``.venv`` that looks built."""
    (tmp_path / "requirements").mkdir()
    for lock in ("base", *setup_venv.EXTRAS):
        (tmp_path / "requirements" / f"{lock}.lock").write_text(f"{lock}==1 \\\n    --hash=sha256:00\n")
    (tmp_path / "requirements" / "torch.txt").write_text("# a reason\ntorch==2.0\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / ".gradus").mkdir()
    for name, path in {
        "LOCKS": tmp_path / "requirements",
        "STATE": tmp_path / ".gradus",
        "VENV": tmp_path / ".venv",
        "RECORD": tmp_path / ".venv" / "gradus.json",
        "VENV_PYTHON": python,
    }.items():
        monkeypatch.setattr(setup_venv, name, path)
    return tmp_path


def recorded(*locks: str, is_ready: bool = True, torch: str = "") -> Record:
    return Record(
        is_ready=is_ready, locks={lock: setup_venv.fingerprint(lock) for lock in locks}, torch=torch
    )


@pytest.mark.parametrize(
    ("extras", "locks"),
    [
        ([], ["base"]),
        (["local"], ["local"]),
        (["local", "export"], ["export", "local"]),
        (["local", "dev"], ["dev"]),
        (["an extra of an older version"], ["base"]),
    ],
)
def test_locks_for_extras(extras: list[str], locks: list[str]) -> None:
    assert setup_venv.locks_for(extras) == locks


def test_dev_lock_holds_every_other_lock_version_for_version() -> None:
    def pins(lock: str) -> set[str]:
        lines = (REPOSITORY / "requirements" / f"{lock}.lock").read_text().splitlines()
        return {line.split()[0] for line in lines if "==" in line and not line.startswith(" ")}

    assert pins("base") < pins("local") < pins("dev")
    assert pins("base") < pins("export") < pins("dev")
    assert pins("base") < pins("otel") < pins("dev")


@pytest.mark.parametrize("lock", ["base", "local", "export", "stats", "otel", "dev", "docs", "installer"])
def test_locks_have_hashes_and_name_no_index(lock: str) -> None:
    text = (REPOSITORY / "requirements" / f"{lock}.lock").read_text()
    assert "://" not in text
    assert all("--hash=sha256:" in block for block in text.split("\n    ")[1:])


@pytest.mark.usefixtures("project")
class TestIsReady:
    def test_recorded_locks_are_believed(self) -> None:
        assert setup_venv.is_ready([], recorded("base"))
        assert setup_venv.is_ready(["export"], recorded("base", "export"))
        assert setup_venv.is_ready(["export"], recorded("base", "dev"))

    def test_missing_extra_is_noticed(self) -> None:
        assert not setup_venv.is_ready(["export"], recorded("base", "local"))

    def test_changed_lock_is_noticed(self) -> None:
        record = recorded("base")
        (setup_venv.LOCKS / "base.lock").write_text("base==2\n")
        assert not setup_venv.is_ready([], record)

    def test_interrupted_installation_is_not_believed(self) -> None:
        assert not setup_venv.is_ready([], recorded("base", is_ready=False))

    def test_vanished_python_is_noticed(self) -> None:
        setup_venv.VENV_PYTHON.unlink()
        assert not setup_venv.is_ready([], recorded("base"))

    def test_local_needs_the_pinned_torch_of_either_build(self) -> None:
        assert not setup_venv.is_ready(["local"], recorded("base", "local"))
        assert not setup_venv.is_ready(["local"], recorded("base", "local", torch="cpu torch==1.9"))
        assert setup_venv.is_ready(["local"], recorded("base", "local", torch="cuda torch==2.0"))
        assert not setup_venv.is_ready(
            ["local"], recorded("base", "local", torch="cpu torch==2.0"), torch_build="cuda"
        )

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"is_ready": true}', '{"is_ready": true, "locks": 3, "torch": ""}']
    )
    def test_unreadable_record_is_no_record(self, text: str) -> None:
        setup_venv.RECORD.write_text(text)
        assert setup_venv.read_record() is None


def test_failed_installation_leaves_the_record_not_ready(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup_venv.write_record(recorded("base"))
    (setup_venv.LOCKS / "base.lock").write_text("base==2\n")
    monkeypatch.setattr(setup_venv, "installers", lambda: iter([["false"]]))
    with pytest.raises(SetupError, match="Installing failed"):
        setup_venv.ensure([])
    assert json.loads(setup_venv.RECORD.read_text())["is_ready"] is False


def test_update_installs_what_was_there_before_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup_venv.write_record(recorded("base", "export"))
    (setup_venv.LOCKS / "base.lock").write_text("base==2\n")
    monkeypatch.setattr(setup_venv, "installers", lambda: iter([["true"]]))
    assert setup_venv.ensure([]) is True
    assert setup_venv.is_ready(["export"], setup_venv.read_record())
    assert setup_venv.ensure([]) is False


def test_next_installer_is_tried_when_one_fails(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = iter([["false"], ["no-such-program"], ["true"], ["false"]])
    setup_venv.first_to_succeed(left)
    assert list(left) == [["false"]]


def test_uv_on_path_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_venv, "which", lambda *_args, **_kwargs: "/opt/uv")
    assert next(setup_venv.installers())[:3] == ["/opt/uv", "pip", "install"]


@pytest.mark.usefixtures("project")
class TestTorchCommands:
    def test_cpu_build_on_linux_is_sought_before_the_large_one(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        local_wheel, own_index, default = setup_venv.torch_commands("cpu", "linux", "uv")
        assert local_wheel[-1] == "torch==2.0+cpu"
        assert "--torch-backend=cpu" in own_index
        assert default[-1] == "torch==2.0"
        assert "several GB" in capsys.readouterr().err

    def test_without_uv_pip_is_all_there_is(self) -> None:
        assert ["pip" in command for command in setup_venv.torch_commands("cpu", "linux", None)] == [
            True,
            True,
        ]

    @pytest.mark.parametrize("platform", ["darwin", "win32"])
    def test_default_build_is_the_cpu_build_elsewhere(self, platform: str) -> None:
        assert [command[-1] for command in setup_venv.torch_commands("cpu", platform, "uv")] == ["torch==2.0"]

    def test_cuda_brings_its_own_needs(self) -> None:
        assert all("--no-deps" not in command for command in setup_venv.torch_commands("cuda", "linux", "uv"))


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("error: dns error: Name or service not known", "could not be reached"),
        ("Failed to establish a new connection: [Errno 111]", "could not be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that was locked"),
        ("something new", "Installing failed"),
    ],
)
def test_explain_names_the_cause_and_shows_the_end(output: str, advice: str) -> None:
    text = setup_venv.explain(f"many\nlines\n{output}\n", Path("setup.log"))
    assert advice in text
    assert output in text


def test_missing_ensurepip_says_what_to_install(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_venv, "which", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(setup_venv, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SetupError, match="apt install python3-venv"):
        setup_venv.create_venv()


def test_lock_is_held_by_one_at_a_time(project: Path) -> None:
    path = project / "lock"
    with path.open("a+") as first, path.open("a+") as second:
        assert setup_venv.try_lock(first)
        assert not setup_venv.try_lock(second)
        first.close()
        assert setup_venv.try_lock(second)


def test_old_python_is_told_so_in_one_line() -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = ['manage.py'];"
        f"runpy.run_path({str(REPOSITORY / 'manage.py')!r}, run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("Gradus needs Python 3.11 or newer, and this is Python 3.9.2")
    assert "Traceback" not in result.stderr


def run_manage(tree: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """``manage.py`` by the interpreter below the test run's own environment, with nothing installed (-S)."""
    outside = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.Popen(
        [os.path.realpath(sys.executable), "-S", "manage.py", *arguments],
        cwd=tree,
        env={**outside, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """The launcher alone, with locks that want nothing and hence need no network."""
    (tmp_path / "webapp").mkdir()
    (tmp_path / "requirements").mkdir()
    for path in ("manage.py", "webapp/__init__.py", "webapp/setup_venv.py", "requirements/torch.txt"):
        shutil.copy(REPOSITORY / path, tmp_path / path)
    for lock in ("base", "local", "export", "stats", "otel", "dev", "installer"):
        (tmp_path / "requirements" / f"{lock}.lock").write_text("# nothing\n")
    return tmp_path


def test_two_starts_at_once_build_one_environment(bare_checkout: Path) -> None:
    starts = [run_manage(bare_checkout, "setup", "export") for _ in range(2)]
    outputs = [start.communicate(timeout=100)[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], outputs
    assert sum("Creating .venv" in output for output in outputs) == 1
    assert json.loads((bare_checkout / ".venv" / "gradus.json").read_text())["is_ready"] is True


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (("setup", "lokal"), {}, "no extra is called 'lokal'"),
        (("setup",), {"GRADUS_NO_BOOTSTRAP": "1"}, "GRADUS_NO_BOOTSTRAP=1 forbids installing"),
        (("migrate",), {"GRADUS_NO_BOOTSTRAP": "1"}, "GRADUS_NO_BOOTSTRAP=1 forbids installing"),
    ],
)
def test_refusals_are_one_message(
    bare_checkout: Path, arguments: tuple[str, ...], environment: dict[str, str], message: str
) -> None:
    start = run_manage(bare_checkout, *arguments, **environment)
    output = start.communicate(timeout=60)[0]
    assert start.returncode != 0
    assert message in output
    assert "Traceback" not in output
    assert not (bare_checkout / ".venv").exists()
