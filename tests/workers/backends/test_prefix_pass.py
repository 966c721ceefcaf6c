from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="local models are not installed")

from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM  # noqa: E402

from workers.backends import prefix_pass  # noqa: E402
from workers.backends.prefix_pass import PrefixPass, Wanted, is_sliceable  # noqa: E402
from workers.backends.prefix_plan import planned  # noqa: E402

SHAPE = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
CPU = torch.device("cpu")
TRUNK = tuple(i * 7 % 47 for i in range(60))
SEQUENCES = [
    TRUNK,
    TRUNK[:33],
    (*TRUNK[:40], 48, 49),
    (*TRUNK[:40], *TRUNK[5:30], 3),
    (9, 8, 7),
    (*TRUNK[:20], 1),
    (*TRUNK[:40], 48, *TRUNK[:25]),
]


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(3)
    return LlamaForCausalLM(LlamaConfig(**SHAPE, initializer_range=0.3)).double().eval()


def table(model: LlamaForCausalLM, sequence: tuple[int, ...]) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([sequence])).logits[0]
    return logits


@pytest.mark.parametrize("limit", [1 << 26, 1])
def test_scores_equal_those_of_reading_every_sequence_alone(
    model: LlamaForCausalLM, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefix_pass, "MAX_LOGITS", limit)
    plan = planned(SEQUENCES)
    assert [len(level) for level in plan.levels()] == [2, 4]
    assert plan.cost < sum(map(len, SEQUENCES)) / 2
    asked = [
        (plan.owner(end, place), place, sequence, (place * 5) % 50)
        for sequence, end in zip(SEQUENCES, plan.ends, strict=True)
        for place in range(0, len(sequence), 3)
    ]
    wanted = Wanted({(owner, place, token) for owner, place, _, token in asked})
    with torch.inference_mode():
        passed = PrefixPass(model, CPU, plan, wanted)
    for owner, place, sequence, token in asked:
        logprobs = torch.log_softmax(table(model, sequence)[place], -1)
        given, best = passed.scores[owner, place, token]
        assert given == pytest.approx(logprobs[token].item(), abs=1e-9)
        assert best == pytest.approx(logprobs.max().item(), abs=1e-9)


def test_cache_continues_every_sequence_as_if_it_had_been_read_alone(model: LlamaForCausalLM) -> None:
    plan = planned(SEQUENCES)
    ends = [(end, len(sequence)) for end, sequence in zip(plan.ends, SEQUENCES, strict=True)]
    wanted = Wanted(rows={(plan.owner(end, n - 1), n - 1) for end, n in ends}, is_continued=True)
    with torch.inference_mode():
        passed = PrefixPass(model, CPU, plan, wanted)
        cache, mask = passed.cache(ends)
        mask = torch.cat([mask, torch.ones(len(ends), 1, dtype=torch.long)], dim=1)
        after = model(
            input_ids=torch.full((len(ends), 1), 5),
            attention_mask=mask,
            position_ids=torch.tensor([[n] for _, n in ends]),
            past_key_values=cache,
        ).logits[:, -1]
    for row, ((end, n), sequence) in enumerate(zip(ends, SEQUENCES, strict=True)):
        first = passed.rows[plan.owner(end, n - 1), n - 1]
        assert torch.allclose(first, table(model, sequence)[-1], atol=1e-9)
        assert torch.allclose(after[row], table(model, (*sequence, 5))[-1], atol=1e-9)


def test_models_that_forget_are_told_apart(model: LlamaForCausalLM) -> None:
    forgetful = MistralForCausalLM(MistralConfig(**SHAPE, sliding_window=8))
    assert (is_sliceable(model), is_sliceable(forgetful)) == (True, False)
