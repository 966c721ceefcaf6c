"""Between completions as the strategies see them and as the table holds them.

Both directions are exact: what is read back is what was written. What no database takes (NUL characters, lone
surrogates, numbers that are not finite) is replaced before it is stored, and strategies are only shown what is
stored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache, lru_cache
from typing import Any

from django.db import connection

from annotate import clock
from annotate.models import Completion as CompletionRow
from annotate.models import Run
from annotate.prelabel.contracts import Answer, Completion, Sampling, TokenScore

_UNSTORABLE = "\N{REPLACEMENT CHARACTER}"
_LARGEST = 2**63
_PLAIN = (bool, int, float, type(None))


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
    if type(value) in _PLAIN:
        return value
    return json.loads(json.dumps(value))


# The columns of a completion's row: what was asked, and what came back under the names of ``Completion``. They are
# bound directly, because the ORM's bulk_create took two thirds of the time of storing an answer.
_ASKED = ("run_id", "unit_id", "digest", "sample", "about", "purpose", "sampling", "player", "created_at")
_SAID = (
    *("text", "finish_reason", "prompt_tokens", "completion_tokens", "logprob", "scores", "choices"),
    *("choice_source", "model", "revision", "server", "seed", "cost", "error"),
)


def stored_form(completion: Completion) -> Completion:
    """The completion as it will be read back."""
    return replace(
        completion,
        text=storable_text(completion.text),
        logprob=_finite(completion.logprob),
        choices=_sorted({storable_text(text): value for text, value in completion.choices.items()}),
        model=storable_text(completion.model)[:300],
        revision=storable_text(completion.revision)[:100],
        server=storable_text(completion.server)[:100],
        seed=_whole(completion.seed),
        cost=_finite(completion.cost),
        error=storable_text(completion.error),
    )


def insert_completions(run: Run, answers: Sequence[Answer]) -> bool:
    """Insert answers in their stored form; whether all are new. A sample that is held already is left as it is."""
    adapted = connection.ops.adapt_json_value
    now = connection.ops.adapt_datetimefield_value(clock.now())
    rows = []
    for answer in answers:
        request, one = answer.request, answer.completion
        row = (
            *(run.pk, answer.unit, answer.digest, one.sample, request.about, request.purpose[:40]),
            adapted(_knobs(request.sampling), None),
            storable_text(request.player)[:40],
            now,
            *(one.text, one.finish_reason, one.prompt_tokens, one.completion_tokens, one.logprob),
            adapted([[s.start, s.end, _named(s.logprob), _named(s.best_logprob)] for s in one.scores], None),
            adapted({text: _named(value) for text, value in one.choices.items()}, None),
            *(one.choice_source, one.model, one.revision, one.server, one.seed, one.cost, one.error),
        )
        rows.append(row)
    with connection.cursor() as cursor:
        cursor.executemany(_insertion(), rows)
        return bool(cursor.rowcount == len(rows))


@cache
def _insertion() -> str:
    columns = ", ".join(connection.ops.quote_name(name) for name in (*_ASKED, *_SAID))
    places = ", ".join(["%s"] * len((*_ASKED, *_SAID)))
    table = connection.ops.quote_name(CompletionRow._meta.db_table)
    # Names of the model alone; what comes from outside is bound.
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608


def held_completions(run: Run, digests: Sequence[str]) -> Iterator[tuple[str, Completion]]:
    """Each stored answer to these questions with its question's digest."""
    rows = CompletionRow.objects.filter(run=run, digest__in=digests).order_by()
    for digest, *facts in rows.values_list("digest", "sample", *_SAID).iterator():
        found = dict(zip(("sample", *_SAID), facts, strict=True))
        found["scores"] = tuple(
            TokenScore(start, end, float(own), float(best)) for start, end, own, best in found["scores"]
        )
        found["choices"] = _sorted(found["choices"])
        yield digest, Completion(**found)


@lru_cache
def _knobs(sampling: Sampling) -> dict[str, Any]:
    return asdict(sampling)


def _sorted(choices: Mapping[str, Any]) -> dict[str, float]:
    """By text, because PostgreSQL keeps its own order of keys and a sum's last bit may follow the order."""
    return {text: float(choices[text]) for text in sorted(choices)}


def _named(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _whole(number: int | None) -> int | None:
    """The number if a column takes it."""
    return number if number is not None and -_LARGEST <= number < _LARGEST else None
