"""What is asked of vLLM for one request, and how its outputs become completions. No engine is needed for either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from annotate.prelabel.contracts import Completion, FinishReason, Request, Sampling, TokenScore
from workers.backends.chat_prompt import ChatPrompt, ScoredText
from workers.backends.chat_request import seed_of

_FINISH: Mapping[str, FinishReason] = {"stop": "stop", "length": "length"}
# vLLM's own limit of ``logprob_token_ids``.
MOST_NAMED = 128


@dataclass(frozen=True, slots=True)
class Call:
    """One prompt for the engine with its parameters by name.

    ``draw``: samples from ``first`` on. ``score``: the log-probabilities of ``text``. ``choice``: those of one choice.
    ``labels``: those of one token per choice, ``labels`` being choice → token.
    """

    kind: Literal["draw", "score", "choice", "labels"]
    ids: tuple[int, ...]
    params: Mapping[str, Any]
    first: int = 0
    text: ScoredText | None = None
    choice: str = ""
    labels: Mapping[str, int] | None = None


def calls_for(request: Request, samples: Sequence[int], chat: ChatPrompt) -> list[Call]:
    """Every call that a request needs. Samples that are neighbours are one call, which reads the prompt once."""
    text = chat.text(request.messages)
    ids = tuple(chat.ids(text))
    calls: list[Call] = []
    if request.score:
        calls.append(_scoring("score", chat.scored(text, request.score)))
    if request.choices:
        calls += _choosing(request, ids, {choice: chat.scored(text, choice) for choice in request.choices})
    elif request.n:
        calls += [
            Call("draw", ids, _drawing(request, first, n), first) for first, n in _runs(request, samples)
        ]
    return calls


def read_scores(text: ScoredText, entries: Sequence[Mapping[int, Any] | None]) -> tuple[TokenScore, ...]:
    """Scores of a text's tokens from ``prompt_logprobs``: per position, None or token id → object with ``logprob``."""
    found = []
    for place, (start, end) in enumerate(text.spans, text.start):
        entry = entries[place] or {}
        own = float(entry[text.ids[place]].logprob)
        found.append(TokenScore(start, end, own, max(float(one.logprob) for one in entry.values())))
    return tuple(found)


def read_calls(
    request: Request, samples: Sequence[int], calls: Sequence[Call], outputs: Sequence[Any], blank: Completion
) -> list[Completion]:
    """The completions of a request from vLLM's ``RequestOutput`` per call; what was paid adds up over them."""
    numbers = tuple(samples) if request.n else (samples[0] if samples else 0,)
    scores: tuple[TokenScore, ...] = ()
    choices: dict[str, float] = {}
    drawn: dict[int, Completion] = {}
    for call, output in zip(calls, outputs, strict=True):
        if call.kind == "draw":
            drawn |= _drawn(request, call, output, blank)
        elif call.kind == "labels":
            first = output.outputs[0].logprobs[0]
            choices |= {choice: float(first[token].logprob) for choice, token in (call.labels or {}).items()}
        elif call.text is not None:
            found = read_scores(call.text, output.prompt_logprobs)
            if call.kind == "score":
                scores = found
            else:
                choices[call.choice] = sum(token.logprob for token in found)
    paid = sum(len(call.ids) for call in calls)
    extra = sum(
        len(output.outputs[0].token_ids)
        for call, output in zip(calls, outputs, strict=True)
        if call.kind != "draw"
    )
    told = []
    for place, sample in enumerate(numbers):
        one = drawn.get(sample, drawn.get(numbers[0], blank))
        is_copy = place > 0 and sample not in drawn
        told.append(
            replace(
                one,
                sample=sample,
                prompt_tokens=paid if place == 0 else 0,
                completion_tokens=(0 if is_copy else one.completion_tokens) + (extra if place == 0 else 0),
                scores=scores,
                logprob=one.logprob
                if drawn
                else (sum(token.logprob for token in scores) if scores else None),
                choices={choice: choices[choice] for choice in request.choices},
                choice_source="tokens" if choices else "",
            )
        )
    return told


def _runs(request: Request, samples: Sequence[int]) -> list[tuple[int, int]]:
    """Samples as (first, how many) of neighbours; greedy samples are copies of one, and vLLM refuses more."""
    if not samples:
        return []
    if request.sampling.temperature == 0:
        return [(samples[0], 1)]
    runs: list[tuple[int, int]] = []
    for sample in sorted(set(samples)):
        if runs and sum(runs[-1]) == sample:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((sample, 1))
    return runs


def _params(sampling: Sampling, **others: Any) -> dict[str, Any]:
    """Every field by name, so that nothing comes from the model's own defaults."""
    return {
        "n": 1,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "repetition_penalty": 1.0,
        "max_tokens": sampling.max_tokens,
        "min_tokens": 0,
        "stop": list(sampling.stop) or None,
        "seed": None,
        "logprobs": None,
        "prompt_logprobs": None,
        "skip_special_tokens": True,
        "spaces_between_special_tokens": False,
        **others,
    }


def _drawing(request: Request, first: int, n: int) -> dict[str, Any]:
    # logprobs=0 is the drawn token's own; vLLM gives the i-th of n samples the seed plus i.
    return _params(request.sampling, n=n, seed=seed_of(request, first), logprobs=0)


def _scoring(kind: Literal["score", "choice"], text: ScoredText, choice: str = "") -> Call:
    params = _params(Sampling(temperature=0.0, max_tokens=1), prompt_logprobs=1)
    return Call(kind, text.ids, params, text=text, choice=choice)


def _choosing(request: Request, ids: tuple[int, ...], texts: Mapping[str, ScoredText]) -> list[Call]:
    """One call where every choice is one token after the prompt as it is, else one per choice."""
    labels = {
        c: t.ids[-1] for c, t in texts.items() if t.ids[: len(ids)] == ids and len(t.ids) == len(ids) + 1
    }
    if len(labels) == len(texts) <= MOST_NAMED and len(set(labels.values())) == len(labels):
        named = list(labels.values())
        params = _params(
            Sampling(temperature=0.0, max_tokens=1), logprobs=len(named), logprob_token_ids=named
        )
        return [Call("labels", ids, params, labels=labels)]
    return [_scoring("choice", text, choice) for choice, text in texts.items()]


def _drawn(request: Request, call: Call, output: Any, blank: Completion) -> dict[int, Completion]:
    found = {}
    for one in output.outputs:
        sample = call.first + one.index
        finish = _FINISH.get(str(one.finish_reason), "error")
        found[sample] = replace(
            blank,
            text=one.text,
            finish_reason=finish,
            completion_tokens=len(one.token_ids),
            logprob=one.cumulative_logprob,
            seed=seed_of(request, sample),
            error=f"vLLM ended with {one.finish_reason!r}" if finish == "error" else "",
        )
    return found
