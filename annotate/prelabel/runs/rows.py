"""Between completions as the strategies see them and as the table holds them.

Both directions are exact: what is read back is what was written. What no database takes (NUL characters, lone
surrogates, numbers that are not finite) is replaced before it is stored, and strategies are only shown what is
stored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, cast

from annotate.models import Completion as CompletionRow
from annotate.models import Run
from annotate.prelabel.contracts import Answer, ChoiceSource, Completion, FinishReason, Sampling, TokenScore

_UNSTORABLE = "\N{REPLACEMENT CHARACTER}"
_LARGEST = 2**63


def storable_text(text: str) -> str:
    return text.replace("\x00", _UNSTORABLE).encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any) -> Any:
    """The value as it comes back from a JSON column: tuples become lists, ``nan`` and ``inf`` their names."""
    if isinstance(value, Mapping):
        return {storable_text(str(key)): storable_json(part) for key, part in value.items()}
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Sequence):
        return [storable_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.loads(json.dumps(value))


def row_of(run: Run, answer: Answer) -> CompletionRow:
    request, completion = answer.request, answer.completion
    return CompletionRow(
        run=run,
        unit_id=answer.unit,
        digest=answer.digest,
        sample=completion.sample,
        about=request.about,
        purpose=request.purpose[:40],
        text=storable_text(completion.text),
        finish_reason=completion.finish_reason,
        sampling=_knobs(request.sampling),
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        logprob=_finite(completion.logprob),
        scores=[
            [s.start, s.end, storable_json(s.logprob), storable_json(s.best_logprob)]
            for s in completion.scores
        ],
        choices=storable_json(completion.choices),
        choice_source=completion.choice_source,
        player=storable_text(request.player)[:40],
        model=storable_text(completion.model)[:300],
        revision=storable_text(completion.revision)[:100],
        server=storable_text(completion.server)[:100],
        seed=_whole(completion.seed),
        cost=_finite(completion.cost),
        error=storable_text(completion.error),
    )


def completion_of(row: CompletionRow) -> Completion:
    return Completion(
        text=row.text,
        finish_reason=cast(FinishReason, row.finish_reason),
        sample=row.sample,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        logprob=row.logprob,
        scores=tuple(TokenScore(start, end, float(own), float(best)) for start, end, own, best in row.scores),
        # Sorted, because PostgreSQL keeps its own order of keys and a sum's last bit may follow the order.
        choices={text: float(row.choices[text]) for text in sorted(row.choices)},
        choice_source=cast(ChoiceSource, row.choice_source),
        model=row.model,
        revision=row.revision,
        server=row.server,
        seed=row.seed,
        cost=row.cost,
        error=row.error,
    )


@lru_cache
def _knobs(sampling: Sampling) -> dict[str, Any]:
    return asdict(sampling)


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _whole(number: int | None) -> int | None:
    """The number if a column takes it."""
    return number if number is not None and -_LARGEST <= number < _LARGEST else None
