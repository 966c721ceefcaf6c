"""Entry of the killable child that runs Math-Verify: one JSON line in, one JSON line out.

It runs as a script and imports nothing of ours, so it starts fast, holds no sockets and no models, and may be
killed in the middle of a hostile expression. Its parent keeps the deadline (``pool``); Math-Verify's own is
a signal alarm that cannot interrupt long integer arithmetic.
"""

from __future__ import annotations

import contextlib
import json
import logging
import resource
import sys
from typing import Any

MEMORY_LIMIT = 2 << 30


def compare(gold: str, answer: str) -> str:
    """``right``, ``wrong`` or ``ungradable`` for two extracted answers, gold first (the order matters)."""
    from math_verify import parse, verify

    def parsed(text: str) -> list[Any]:
        return list(
            parse(
                "\\boxed{" + text + "}",
                fallback_mode="no_fallback",
                parsing_timeout=None,
            )
        )

    gold_forms, answer_forms = parsed(gold), parsed(answer)
    if not gold_forms or not answer_forms or _is_undefined(gold_forms[0]):
        return "ungradable"
    if verify(gold_forms, answer_forms, timeout_seconds=None):
        return "right"
    # Math-Verify turns an inequality into an interval only for the gold side.
    if _is_interval(gold_forms[0]) and _is_inequality(answer_forms[0]):
        return "right" if verify(answer_forms, gold_forms, timeout_seconds=None) else "wrong"
    return "wrong"


def _is_undefined(form: Any) -> bool:
    from sympy import nan, zoo

    return bool(form.doit().has(nan, zoo))


def _is_interval(form: Any) -> bool:
    from sympy import Interval, Union

    return isinstance(form, Interval | Union)


def _is_inequality(form: Any) -> bool:
    from sympy.core.relational import Relational

    return isinstance(form, Relational) and form.rel_op in {"<", "<=", ">", ">="}


def main() -> None:
    # macOS knows the limit but refuses to set it; the deadline still holds there.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    logging.disable(logging.CRITICAL)
    compare("1", "1")
    print("ready", flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            outcome = compare(question["gold"], question["answer"])
        except Exception:  # noqa: BLE001  sympy raises almost anything on hostile input; none of it is evidence
            outcome = "ungradable"
        print(json.dumps({"outcome": outcome}), flush=True)


if __name__ == "__main__":
    main()
