"""Settings that belong to a model rather than to a run: a judge's calibration lies in the folder of its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotate.errors import Rejected
from annotate.prelabel.actions import may_use

_LIKELIHOOD = "judge/likelihood"
_FILE = "likelihood.json"
_CURVE = ("slope", "intercept", "threshold")


def settings_beside(strategy: str, backend: str, *, allowed: Sequence[str] | None = None) -> dict[str, Any]:
    """What the model at ``backend`` brings along for ``strategy``; empty where it brings nothing.

    Of a backend that ``allowed`` does not name (see ``open_run``) no file is opened. Raises Rejected when there is a
    calibration that cannot be read.
    """
    name, _, rest = backend.partition(":")
    path = Path(rest.partition("?")[0]) / _FILE
    if strategy != _LIKELIHOOD or name != "transformers" or not may_use(backend, allowed):
        return {}
    if not path.is_file():
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {key: held[key] for key in _CURVE}
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected(f"{path} is no calibration: {error!r}", field="backend") from error
