"""Answer one request from whichever server has its conversation: draw texts, score a text, or read choices."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotate.errors import BackendError
from annotate.prelabel.contracts import Completion, FinishReason, Request, Sampling
from workers.backends.chat_answer import Prices, completion_tokens, prompt_tokens, read_texts
from workers.backends.chat_request import chat_body, constraint, has_prefix, score_body, seed_of
from workers.backends.http_failure import PromptTooLong, TooSlow, Unserved
from workers.backends.label_tokens import (
    MOST_NAMED,
    TAIL,
    named_fields,
    read_labels,
    single_token,
    tokenize_bodies,
    top_fields,
)
from workers.backends.model_server import ModelServer
from workers.backends.prompt_logprobs import Unmatched, scores_from
from workers.backends.server_abilities import Abilities, probe
from workers.backends.server_fleet import ServerFleet, conversation_of
from workers.backends.typed_question import ROUTES, Unanswered, probabilities, question_body

_CHAT = "/chat/completions"
# Statuses with which servers say that they have no such route at all.
_NO_ROUTE = (404, 405, 501)


class Unscored(BackendError):
    """The server answers without the log-probabilities of its prompt."""

    def __init__(self) -> None:
        super().__init__("this server returns no prompt log-probabilities.", retry=False)


class ServedModel:
    """One model behind one or more servers.

    ``choices`` is the way allowed answers are read: ``typed``, ``tokens``, ``text``, or ``auto`` for the first of
    these that works for the request.
    """

    def __init__(
        self,
        fleet: ServerFleet,
        *,
        model: str,
        name: str,
        is_vllm: bool,
        choices: str,
        prices: Prices,
        is_tested: bool,
    ) -> None:
        self._fleet, self._model, self._name = fleet, model, name
        self._is_vllm, self._choices, self._prices, self._is_tested = is_vllm, choices, prices, is_tested
        self._abilities: dict[str, Abilities] = {}
        self._probing: dict[str, asyncio.Lock] = {}
        self._routes: dict[str, tuple[str, ...]] = {}
        self._labels: dict[tuple[str, str, str], int | None] = {}
        # Servers that return no prompt log-probabilities are asked for them once.
        self._unscoring: set[str] = set()

    async def answer(self, request: Request, samples: Sequence[int]) -> list[Completion]:
        """The completions of a request, those of one too long for the server among them. Raises BackendError."""
        try:
            if request.choices:
                read = await self._fleet.ask(
                    self._conversation(request), lambda s: self._read(s, request, samples)
                )
                if read:
                    return read
            if request.n == 0:
                return [
                    await self._fleet.ask(self._conversation(request), lambda s: self._scored(s, request))
                ]
            drawn = await self._draw(request, list(samples))
            if request.score:
                scored = await self._fleet.ask(
                    self._conversation(request), lambda s: self._scored(s, request)
                )
                drawn = [_with_score(completion, scored, at == 0) for at, completion in enumerate(drawn)]
        except PromptTooLong as error:
            return self._refused(request, samples, str(error))
        return drawn

    def failed(self, request: Request, samples: Sequence[int], error: BackendError) -> list[Completion]:
        """Completions that say why there is none."""
        finish: FinishReason = "timeout" if isinstance(error, TooSlow) else "error"
        return [
            replace(completion, finish_reason=finish)
            for completion in self._refused(request, samples, str(error))
        ]

    def _refused(self, request: Request, samples: Sequence[int], reason: str) -> list[Completion]:
        numbers = samples if request.n else (samples[0] if samples else 0,)
        return [Completion("", "error", sample, model=self._name, error=reason) for sample in numbers]

    @staticmethod
    def _conversation(request: Request) -> str:
        return conversation_of(request.messages)

    async def _able(self, server: ModelServer) -> Abilities:
        """What the server does, asked once; without a self-test what its dialect promises."""
        if not self._is_tested:
            return Abilities(continues=self._is_vllm, tokenizes=self._is_vllm)
        async with self._probing.setdefault(server.url, asyncio.Lock()):
            if server.url not in self._abilities:
                self._abilities[server.url] = await probe(server, self._model, is_vllm=self._is_vllm)
        return self._abilities[server.url]

    def _blank(self, server: ModelServer, able: Abilities, request: Request, sample: int) -> Completion:
        notes = [f"ignores {', '.join(able.shortfalls)}"] if self._is_tested and able.shortfalls else []
        where = ", ".join(part for part in (able.version, server.url, *notes) if part)
        seed = seed_of(request, sample) if request.n and not request.choices else None
        return Completion(
            "", "stop", sample, model=self._name, revision=able.revision, server=where, seed=seed
        )

    async def _draw(self, request: Request, wanted: list[int]) -> list[Completion]:
        """Ask for runs of neighbouring samples until none is missing: servers may return fewer than ``n``.

        What came before a failure is kept, for it has been paid.
        """
        if request.sampling.temperature == 0 and wanted:
            # Greedy samples are copies of each other, and vLLM refuses n > 1 for them; one of them is paid.
            first = (await self._run(request, wanted[0], 1))[0]
            free = replace(
                first, prompt_tokens=0, completion_tokens=0, cost=0.0 if first.cost is not None else None
            )
            return [first, *(replace(free, sample=sample) for sample in wanted[1:])]
        drawn: dict[int, Completion] = {}
        while missing := [sample for sample in wanted if sample not in drawn]:
            first_missing = missing[0]
            run = next((i for i, s in enumerate(missing) if s != first_missing + i), len(missing))
            try:
                found = await self._run(request, first_missing, run)
            except BackendError as error:
                if not drawn:
                    raise
                found = self.failed(request, missing, error)
            drawn |= {completion.sample: completion for completion in found}
        return [drawn[sample] for sample in wanted]

    async def _run(self, request: Request, first: int, n: int) -> list[Completion]:
        async def call(server: ModelServer) -> list[Completion]:
            able = await self._able(server)
            self._check_prefix(request, able)
            body = chat_body(self._model, request.messages, request.sampling, is_vllm=self._is_vllm)
            field = able.constraint if request.choices else ""
            wanted = n if able.heeds_n else 1
            body |= {"n": wanted, "seed": seed_of(request, first) or 0, **constraint(request.choices, field)}
            answer = await server.post(_CHAT, body, name=f"{request.digest}:{first}")
            blanks = [self._blank(server, able, request, sample) for sample in range(first, first + wanted)]
            found = read_texts(answer, blanks, self._prices, is_wrapped=field == "response_format")
            if not found:
                raise BackendError("the server returned no choices.", retry=True)
            return [replace(completion, seed=seed_of(request, completion.sample)) for completion in found]

        return await self._fleet.ask(self._conversation(request), call)

    def _check_prefix(self, request: Request, able: Abilities) -> None:
        if has_prefix(request) and not able.continues:
            raise BackendError("this server cannot continue a begun answer; use a vLLM server.", retry=False)

    async def _scored(self, server: ModelServer, request: Request) -> Completion:
        able = await self._able(server)
        if not self._is_vllm:
            raise Unscored
        name = f"{request.digest}:score"
        answer = await server.post(_CHAT, score_body(self._model, request), name=name)
        entries = answer.get("prompt_logprobs")
        if not entries:
            raise Unscored
        blank = self._priced(replace(self._blank(server, able, request, 0), seed=None), answer)
        try:
            scores = scores_from(entries, request.score)
        except Unmatched as error:
            return replace(blank, finish_reason="error", error=str(error))
        return replace(blank, logprob=sum(token.logprob for token in scores), scores=scores)

    def _priced(self, blank: Completion, answer: Mapping[str, Any]) -> Completion:
        usage = answer.get("usage") or {}
        return replace(
            blank,
            prompt_tokens=prompt_tokens(usage),
            completion_tokens=completion_tokens(usage),
            cost=self._prices.of(usage),
        )

    async def _read(
        self, server: ModelServer, request: Request, samples: Sequence[int]
    ) -> list[Completion] | None:
        """The probabilities of the choices on every sample; None when only texts can tell."""
        able = await self._able(server)
        blanks = [
            self._blank(server, able, request, sample)
            for sample in (samples if request.n else (samples[0] if samples else 0,))
        ]
        found = None
        if self._choices in ("auto", "typed") and not has_prefix(request):
            found = await self._typed(server, request, blanks[0])
        if found is None and self._choices in ("auto", "tokens"):
            self._check_prefix(request, able)
            found = await self._tokens(server, able, request, blanks[0])
            if found is None and self._is_vllm and server.url not in self._unscoring:
                found = await self._spelled(server, request, blanks[0])
        if found is None:
            if self._choices in ("typed", "tokens") or request.n == 0:
                raise BackendError("this server tells no probabilities of the allowed answers.", retry=False)
            return None
        return [
            found,
            *(replace(b, choices=found.choices, choice_source=found.choice_source) for b in blanks[1:]),
        ]

    async def _typed(self, server: ModelServer, request: Request, blank: Completion) -> Completion | None:
        for route in self._routes.get(server.url, ROUTES):
            body = question_body(route, self._model, request.messages, request.choices)
            try:
                answer = await server.post(route, body, name=f"{request.digest}:choices")
                told = probabilities(answer, request.choices)
            except Unserved as error:
                if error.status in _NO_ROUTE:
                    left = tuple(other for other in self._routes.get(server.url, ROUTES) if other != route)
                    self._routes[server.url] = left
                continue
            except Unanswered:
                continue
            return replace(self._priced(blank, answer), choices=told, choice_source="typed")
        return None

    async def _tokens(
        self, server: ModelServer, able: Abilities, request: Request, blank: Completion
    ) -> Completion | None:
        """Next-token log-probabilities; None unless every choice is among them."""
        if not able.tells_logprobs:
            return None
        ids = await self._label_ids(server, request) if able.tokenizes else {}
        if ids is None or len(set(ids.values())) < len(ids):
            return None
        ways = [named_fields(tuple(ids.values()))] if ids and len(ids) <= MOST_NAMED else []
        plain = Sampling(temperature=1.0, max_tokens=1)
        body = chat_body(self._model, request.messages, plain, is_vllm=self._is_vllm) | {"n": 1, "seed": 0}
        paid: list[Completion] = []
        for fields in (*ways, top_fields()):
            try:
                answer = await server.post(_CHAT, body | fields, name=f"{request.digest}:choices")
            except Unserved:
                continue
            paid.append(self._priced(blank, answer))
            told = read_labels(answer, request.choices, ids)
            if len(told) == len(request.choices):
                return replace(_added(paid), choices=told, choice_source="tokens")
        return None

    async def _spelled(self, server: ModelServer, request: Request, blank: Completion) -> Completion | None:
        """Each choice's log-probability as a text of several tokens; None when the server scores no prompts."""
        asked = [replace(request, n=0, choices=(), score=choice) for choice in request.choices]
        try:
            scored = await asyncio.gather(*(self._scored(server, one) for one in asked))
        except (Unserved, Unscored):
            self._unscoring.add(server.url)
            return None
        if any(one.finish_reason != "stop" for one in scored):
            return None
        told = {one.score: float(found.logprob or 0.0) for one, found in zip(asked, scored, strict=True)}
        bill = _added([replace(blank, **_paid(found)) for found in scored])
        return replace(bill, choices=told, choice_source="tokens")

    async def _label_ids(self, server: ModelServer, request: Request) -> dict[str, int] | None:
        """Each choice's one token, asked once per way a prompt can end; None when one of them has several."""
        prefix = request.messages[-1].content if has_prefix(request) else ""
        # A label that follows a word may become part of it; after anything else one character decides.
        ending = prefix[-TAIL:] if prefix[-1:].isalnum() else prefix[-1:]
        found: dict[str, int] = {}
        for choice in request.choices:
            place = (server.url, ending, choice)
            if place not in self._labels:
                bodies = tokenize_bodies(self._model, prefix, choice)
                try:
                    answers = [await server.post("/tokenize", body, is_root=True) for body in bodies]
                except Unserved:
                    return {}
                before, after, alone = ([int(token) for token in a.get("tokens") or ()] for a in answers)
                self._labels[place] = single_token(before, after, [] if prefix else alone)
            token = self._labels[place]
            if token is None:
                return None
            found[choice] = token
        return found


def _with_score(completion: Completion, scored: Completion, is_first: bool) -> Completion:
    """Scores on every sample, what they cost on the first."""
    if not is_first:
        return replace(completion, scores=scored.scores)
    return replace(_added([scored, completion]), scores=scored.scores)


def _paid(completion: Completion) -> dict[str, Any]:
    return {name: getattr(completion, name) for name in ("prompt_tokens", "completion_tokens", "cost")}


def _added(paid: Sequence[Completion]) -> Completion:
    """The last completion with the bill of all."""
    costs = [one.cost for one in paid if one.cost is not None]
    return replace(
        paid[-1],
        prompt_tokens=sum(one.prompt_tokens for one in paid),
        completion_tokens=sum(one.completion_tokens for one in paid),
        cost=sum(costs) if costs else None,
    )
