from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from annotate.errors import BackendError
from workers.backends.registry import BACKENDS, open_backend


@pytest.mark.parametrize(
    "address",
    ["", "transformers", "magic:wand", "scripted:/no/such/file.json", "transformers:/no/such/folder"],
)
def test_address_that_leads_nowhere_says_so_and_is_not_retried(address: str) -> None:
    with pytest.raises(BackendError) as caught:
        open_backend(address)
    assert not caught.value.retry
    assert len(str(caught.value)) > 10


def test_unknown_option_is_named(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("{}", encoding="utf-8")
    with pytest.raises(BackendError, match="speed"):
        open_backend(f"scripted:{script}?speed=9")


def test_listing_backends_imports_no_model_library() -> None:
    libraries = "{'torch', 'transformers', 'httpx2'}"
    program = f"import sys, workers.backends.registry; sys.exit(bool({libraries} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_missing_model_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, BACKENDS["transformers"], raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendError, match=r"manage\.py setup local") as caught:
        open_backend("transformers:anything")
    assert not caught.value.retry
