"""Which rater a run speaks as. A machine rater is one strategy with one backend and one set of settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Conflict, Rejected
from annotate.models import Project, Rater
from annotate.prelabel.entries import StrategyEntry

LONGEST_NAME = 160


def machine_rater(
    project: Project, entry: StrategyEntry, *, backend: str, settings: Mapping[str, Any], name: str = ""
) -> Rater:
    """The rater of that configuration, made on first use; without a name it is called by a digest of it.

    A name stands for one configuration for ever: changed settings under an old name would be measured as one
    rater's severity. Raises Rejected for a bad name, Conflict when the name is another configuration's.
    """
    config = {"strategy": entry.name, "backend": backend, "settings": dict(settings)}
    name = _clean_name(name) or f"{entry.name}@{_short_digest(config)}"
    rater, is_new = Rater.objects.get_or_create(
        project=project, name=name, defaults={"kind": RaterKind(entry.rater_kind), "config": config}
    )
    if not is_new and (rater.kind != entry.rater_kind or rater.config != config):
        raise Conflict(
            f"The rater {name} exists with other settings. Choose another name, such as the next version."
        )
    return rater


def _clean_name(name: str) -> str:
    name = name.strip()
    if name != name.lower() or any(character.isspace() for character in name):
        raise Rejected("a machine's name is lower case and has no spaces", field="rater")
    if len(name) > LONGEST_NAME:
        raise Rejected(f"is longer than {LONGEST_NAME} characters", field="rater")
    return name


def _short_digest(config: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
