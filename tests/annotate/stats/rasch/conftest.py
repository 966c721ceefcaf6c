from __future__ import annotations

import pytest

from annotate.stats.rasch.compiled import PLAIN


@pytest.fixture(params=["compiled", "numpy"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test on the compiled kernels and on the numpy path."""
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.delenv(PLAIN, raising=False)
    else:
        monkeypatch.setenv(PLAIN, "1")
    return str(request.param)
