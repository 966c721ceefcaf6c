"""The audit as a strategy that workers can run. People do not start it by name: it belongs to a judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from annotate.errors import Rejected
from annotate.prelabel.audit.strategy import AuditSettings, audit
from annotate.prelabel.entries import StrategyEntry

AUDIT = "audit/judge"


@dataclass(frozen=True, slots=True)
class AuditEntry(StrategyEntry):
    """An entry whose settings hold another's: it asks the players of the judge it audits."""

    judges: Mapping[str, StrategyEntry] = field(default_factory=dict)

    def settings(self, values: Mapping[str, Any]) -> AuditSettings:
        """Checked settings; ``Rejected`` for a strategy that cannot be audited or settings it does not take."""
        known = {one.name for one in fields(AuditSettings)}
        chosen = AuditSettings(**{name: value for name, value in values.items() if name in known})
        self.judge_called(chosen.judge).settings(chosen.judge_settings)
        return chosen

    def judge_called(self, name: str) -> StrategyEntry:
        judge = self.judges.get(name)
        if judge is None or not is_auditable(judge):
            raise Rejected(
                f"{name} is no judge that asks a model, so there is nothing to audit.", field="judge"
            )
        return judge

    def player_addresses(self, settings: Mapping[str, Any]) -> dict[str, str]:
        judge = self.judge_called(str(settings.get("judge")))
        return judge.player_addresses(settings.get("judge_settings") or {})


def is_auditable(entry: StrategyEntry) -> bool:
    """Judges that ask a model."""
    return entry.rater_kind == "judge" and entry.needs_backend


def audit_entry(judges: Mapping[str, StrategyEntry]) -> AuditEntry:
    """The audit over these strategies, which are handed in because they are found by a module that knows this one."""
    return AuditEntry(
        AUDIT,
        "judge",
        "Audit of a judge",
        AuditSettings,
        lambda task, settings: audit(task, settings, judges[settings.judge]),
        summary="Asks a judge questions whose right answer is known.",
        judges=judges,
    )
