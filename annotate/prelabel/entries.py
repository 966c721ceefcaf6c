"""What the rest of the product needs to know about a strategy before running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from annotate.prelabel.contracts import Strategy
from annotate.settings import build_settings

# The values of ``annotate.enums.RaterKind`` that a machine strategy can speak as.
Kind = Literal["rollout", "judge", "verifier", "probe"]


@dataclass(frozen=True, slots=True)
class StrategyEntry:
    """Stands in a strategy's own file under the name ``STRATEGY``.

    ``name`` is FOLDER/FILE. ``summary`` is one plain sentence for the page where runs are started.
    ``needs_backend``: the run must name a model. ``players`` maps the name of a further backend (see
    ``Request.player``) to the setting that holds its address; an address that begins with ``=`` is used as it stands
    (``{"sandbox": "=sandbox:"}``). ``usual_criterion`` is the key of the criterion it labels unless told otherwise.
    """

    name: str
    rater_kind: Kind
    title: str
    settings_class: type[Any]
    factory: Callable[[Any, Any], Strategy]
    needs_backend: bool = True
    summary: str = ""
    task: Literal["trace", "pair"] = "trace"
    players: Mapping[str, str] = field(default_factory=dict)
    usual_criterion: str = "verdict"

    def settings(self, values: Mapping[str, Any]) -> Any:
        """Checked settings; ``Rejected`` names the field."""
        return build_settings(self.settings_class, values)

    def start(self, task: Any, values: Mapping[str, Any]) -> Strategy:
        """The generator for one trace or pair."""
        return self.factory(task, self.settings(values))

    def player_addresses(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """The addresses of the further backends, by player; a setting left empty names none."""
        addresses = {
            player: source[1:] if source.startswith("=") else str(settings.get(source) or "")
            for player, source in self.players.items()
        }
        return {player: address for player, address in addresses.items() if address}
