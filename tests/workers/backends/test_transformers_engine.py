from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="local models are not installed")

from annotate.errors import BackendError  # noqa: E402
from annotate.prelabel.contracts import Completion, Message, Request, Sampling  # noqa: E402
from tests.workers.backends.tiny import write_model  # noqa: E402
from workers.backends.options import Options  # noqa: E402
from workers.backends.transformers_engine import TransformersBackend, open_backend  # noqa: E402

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def backend(folder: Path) -> Iterator[TransformersBackend]:
    torch.set_num_threads(1)
    opened = TransformersBackend(str(folder), batch=64)
    yield opened
    opened.close()


def asked(
    prefix: str = "", *, problem: str = "Add 2 and 3.", n: int = 1, score: str = "", **sampling: object
) -> Request:
    turns = (Message("user", problem), *([Message("assistant", prefix)] if prefix else []))
    return Request(turns, n, Sampling(**{"max_tokens": 12, **sampling}), score)  # type: ignore[arg-type]


def texts(completions: list[Completion]) -> list[str]:
    return [completion.text for completion in completions]


def test_small_models_run_in_float64_on_a_cpu(backend: TransformersBackend) -> None:
    assert {parameter.dtype for parameter in backend._model.parameters()} == {torch.float64}


def test_sample_does_not_depend_on_the_batch_it_is_in(backend: TransformersBackend, folder: Path) -> None:
    requests = [
        asked(f"Step {i}: {'x' * (7 * i)}\n", n=8, max_tokens=5 + 4 * i, temperature=0.6 + 0.2 * i)
        for i in range(8)
    ]
    numbers = range(8)
    together = backend.answer([(request, numbers) for request in requests])
    assert [completion.sample for completion in together[0]] == list(numbers)
    single = TransformersBackend(str(folder), batch=1)
    alone = [[single.answer([(request, [i])])[0][0] for i in numbers] for request in requests]
    single.close()
    assert [texts(row) for row in together] == [texts(row) for row in alone]
    assert [[c.completion_tokens for c in row] for row in together] == [
        [c.completion_tokens for c in row] for row in alone
    ]
    reversed_order = backend.answer([(request, numbers) for request in reversed(requests)])
    assert [texts(row) for row in reversed(reversed_order)] == [texts(row) for row in together]


def test_waves_continue_the_numbering_of_one_question(backend: TransformersBackend) -> None:
    whole = backend.answer([(asked("a\n", n=6), range(6))])[0]
    waves = [backend.answer([(asked("a\n", n=len(wave)), wave)])[0] for wave in ([0, 1], [2, 3, 4, 5])]
    assert texts(whole) == texts(waves[0]) + texts(waves[1])


def test_seed_and_sample_number_change_the_text_and_nothing_else_does(backend: TransformersBackend) -> None:
    first = backend.answer([(asked("a\n", n=4, seed=1), range(4))])[0]
    again = backend.answer([(asked("a\n", n=4, seed=1), range(4))])[0]
    other = backend.answer([(asked("a\n", n=4, seed=2), range(4))])[0]
    assert texts(first) == texts(again)
    assert texts(first) != texts(other)
    assert len(set(texts(first))) == 4


def test_temperature_zero_is_the_most_probable_text(backend: TransformersBackend) -> None:
    greedy = backend.answer([(asked("a\n", n=3, temperature=0.0), range(3))])[0]
    narrow = backend.answer([(asked("a\n", n=3, top_k=1), range(3))])[0]
    nucleus = backend.answer([(asked("a\n", n=3, top_p=1e-6), range(3))])[0]
    assert len(set(texts(greedy + narrow + nucleus))) == 1


def test_greedy_tokens_match_the_library(backend: TransformersBackend) -> None:
    request = asked("Step 1:", temperature=0.0, max_tokens=10)
    ids = torch.tensor([backend._chat.ids(backend._chat.text(request.messages))])
    reference = backend._model.generate(
        ids, max_new_tokens=10, do_sample=False, attention_mask=torch.ones_like(ids)
    )
    wanted = backend._tokenizer.decode(reference[0, ids.shape[1] :], skip_special_tokens=True)
    assert backend.answer([(request, [0])])[0][0].text == wanted.rstrip("�")


def test_sampling_frequencies_follow_the_model(backend: TransformersBackend) -> None:
    request = asked("Q", n=600, max_tokens=1, temperature=0.7)
    prompt = backend._chat.ids(backend._chat.text(request.messages))
    with torch.inference_mode():
        logits = backend._model(torch.tensor([prompt])).logits[0, -1]
    expected = torch.softmax(logits / 0.7, -1).max().item()
    top = torch.log_softmax(logits, -1).max().item()
    drawn = backend.answer([(request, range(600))])[0]
    share = sum(completion.logprob == pytest.approx(top) for completion in drawn) / 600
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 600))


def test_logprob_is_that_of_the_unmodified_model(backend: TransformersBackend) -> None:
    drawn = backend.answer([(asked("Q", n=32, temperature=0.8, max_tokens=3), range(32))])[0]
    plain = next(c for c in drawn if c.text.isascii() and len(c.text) == c.completion_tokens == 3)
    scored = backend.answer([(asked("Q", n=0, score=plain.text), [0])])[0][0]
    assert plain.logprob == pytest.approx(scored.logprob)


def test_stop_string_ends_the_text_and_is_not_in_it(backend: TransformersBackend) -> None:
    free = backend.answer([(asked("a\n", n=8, max_tokens=40), range(8))])[0]
    for completion in free:
        readable = [i for i in range(1, len(completion.text) - 1) if completion.text[i : i + 2].isascii()]
        if not readable:
            continue
        stop = completion.text[readable[0] : readable[0] + 2]
        first = asked("a\n", max_tokens=40)
        stopped = backend.answer(
            [(Request(first.messages, 1, Sampling(max_tokens=40, stop=(stop, "\0\0"))), [0])]
        )[0][0]
        assert stop not in stopped.text
    base = backend.answer([(asked("a\n", temperature=0.0, max_tokens=40), [0])])[0][0].text
    stop = base[3:5]
    stopped = backend.answer([(asked("a\n", temperature=0.0, max_tokens=40, stop=("zzzz", stop)), [0])])[0][0]
    assert (stopped.text, stopped.finish_reason) == (base[: base.index(stop)], "stop")


def test_length_is_said_and_half_a_character_is_left_out(backend: TransformersBackend) -> None:
    for tokens in range(1, 12):
        for completion in backend.answer([(asked("é", n=8, max_tokens=tokens), range(8))])[0]:
            assert completion.completion_tokens <= tokens
            if completion.finish_reason == "length":
                assert completion.completion_tokens == tokens
                assert not completion.text.endswith("�")


def test_prefix_is_continued_from_its_last_byte(backend: TransformersBackend) -> None:
    """The test's template trims; the library's own continue_final_message would lose the line break."""
    prompt = backend._chat.text(asked("  Step 1: 2 + 3 = 5\n\n").messages)
    assert prompt == "<s>[U]Add 2 and 3.[A]  Step 1: 2 + 3 = 5\n\n"
    ids = backend._chat.ids(prompt)
    assert ids.count(0) == 1
    assert backend._tokenizer.decode(ids) == prompt


def test_prompt_equals_the_library_where_the_template_does_not_trim(backend: TransformersBackend) -> None:
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "so far"}]
    theirs = backend._tokenizer.apply_chat_template(turns, tokenize=False, continue_final_message=True)
    assert backend._chat.text(asked("so far", problem="Q").messages) == theirs


def test_no_prefix_opens_an_assistant_turn(backend: TransformersBackend) -> None:
    assert backend._chat.text(asked("").messages) == "<s>[U]Add 2 and 3.[A]"
    empty = (Message("system", "S"), Message("user", "Q"), Message("assistant", ""))
    assert backend._chat.text(empty) == "<s>[S]S[U]Q[A]"


def test_scores_are_teacher_forced_and_cover_the_text(backend: TransformersBackend) -> None:
    steps = ["Step 1: 2 + 3 = 5\n", "so é → 7.\n", " "]
    requests = [asked("".join(steps[:t]), n=0, score=step) for t, step in enumerate(steps)]
    answers = backend.answer([(request, ()) for request in requests])
    for step, request, (completion,) in zip(steps, requests, answers, strict=True):
        assert (completion.text, completion.sample, completion.finish_reason) == ("", 0, "stop")
        spans = [(token.start, token.end) for token in completion.scores]
        assert len(spans) == len(step.encode())
        assert "".join(step[a:b] for a, b in dict.fromkeys(spans)) == step
        assert all(token.best_logprob >= token.logprob for token in completion.scores)
        prompt = backend._chat.ids(backend._chat.text(request.messages))
        full = prompt + backend._tokenizer(step, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            table = torch.log_softmax(backend._model(torch.tensor([full])).logits[0], -1)
        wanted = [table[i - 1, full[i]].item() for i in range(len(prompt), len(full))]
        assert [token.logprob for token in completion.scores] == pytest.approx(wanted)


def test_score_may_come_with_new_text(backend: TransformersBackend) -> None:
    (both,) = backend.answer([(asked("a", n=2, score="bc"), [0, 1])])
    assert [len(completion.scores) for completion in both] == [2, 2]


def test_full_context_is_said_never_cut(backend: TransformersBackend) -> None:
    long, short = asked("y" * 300, n=2), asked("y", n=1)
    too_long, fine = backend.answer([(long, [0, 1]), (short, [0])])
    assert {completion.finish_reason for completion in too_long} == {"error"}
    assert "context holds 256" in too_long[0].error
    assert fine[0].finish_reason in ("stop", "length")
    (nearly,) = backend.answer([(asked("y" * 200, n=8, max_tokens=500), range(8))])
    assert any("256 tokens is full" in c.error for c in nearly if c.finish_reason == "length")
    (scored,) = backend.answer([(asked("", n=0, score="z" * 300), [0])])
    assert (scored[0].finish_reason, scored[0].scores) == ("error", ())


def test_missing_folder_says_what_to_do() -> None:
    with pytest.raises(BackendError, match="no model folder") as caught:
        open_backend("nowhere/at/all", Options({}))
    assert not caught.value.retry


def test_folder_without_a_model_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="cannot be loaded"):
        open_backend(str(tmp_path), Options({}))


@pytest.mark.parametrize("option", [{"dtype": "int3"}, {"batch": "0"}, {"download": "maybe"}, {"speed": "9"}])
def test_bad_option_is_named(folder: Path, option: dict[str, str]) -> None:
    with pytest.raises(BackendError, match=next(iter(option))):
        open_backend(str(folder), Options(option))


@pytest.mark.parametrize("name", ["policy", "judge", "examiner"])
def test_shipped_model_answers(name: str) -> None:
    shipped = REPOSITORY / "fixtures" / "models" / name
    if not (shipped / "model.safetensors").is_file():
        pytest.skip(f"fixtures/models/{name} is not built yet")
    opened = TransformersBackend(str(shipped))
    (drawn,) = opened.answer(
        [(asked("", problem="Ana has 17 apples. She buys 25 more.", n=4, max_tokens=80), range(4))]
    )
    opened.close()
    assert all(completion.text for completion in drawn)


def test_choices_hold_the_probability_of_every_token_of_a_label(backend: TransformersBackend) -> None:
    labels = ("good", "bad", "é", "b")
    question = asked("", problem="Is it right?")
    request = Request(question.messages, 2, choices=labels)
    first, second = backend.answer([(request, [3, 7])])[0]
    assert (first.sample, second.sample, first.text, first.finish_reason) == (3, 7, "", "stop")
    assert (first.choices, first.choice_source) == (second.choices, "tokens")
    assert (first.prompt_tokens > 0, second.prompt_tokens) == (True, 0)
    prompt = backend._chat.ids(backend._chat.text(request.messages))
    for label in labels:
        ids = backend._tokenizer(label, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            table = torch.log_softmax(backend._model(torch.tensor([prompt + ids])).logits[0], -1)
        wanted = sum(table[len(prompt) + i - 1, token].item() for i, token in enumerate(ids))
        assert first.choices[label] == pytest.approx(wanted)
    assert first.choices["b"] > first.choices["bad"]


def test_choices_of_all_tokens_add_up_to_one(backend: TransformersBackend) -> None:
    letters = tuple(chr(code) for code in range(32, 127))
    (answer,) = backend.answer([(Request((Message("user", "Q"),), choices=letters), [0])])[0]
    share = sum(math.exp(value) for value in answer.choices.values())
    assert 0 < share < 1


def test_shared_beginnings_change_no_answer(folder: Path, backend: TransformersBackend) -> None:
    steps = [f"Step {i}: {i} + 3 = {i + 3}, as everybody can see.\n" for i in range(4)]
    drawn = [asked("".join(steps[:i]), n=3, max_tokens=9) for i in range(5)]
    scored = [asked("".join(steps[:i]), n=0, score=steps[i]) for i in range(4)]
    chosen = [Request(asked("".join(steps[:i])).messages, 1, choices=("right", "wrong")) for i in range(4)]
    wanted = [(request, range(max(1, request.n))) for request in (*drawn, *scored, *chosen)]
    apart = TransformersBackend(str(folder), is_shared=False)
    expected = apart.answer(wanted)
    apart.close()
    for mine, theirs in zip(backend.answer(wanted), expected, strict=True):
        assert texts(mine) == texts(theirs)
        assert [t.logprob for t in mine[0].scores] == pytest.approx([t.logprob for t in theirs[0].scores])
        assert mine[0].choices == pytest.approx(theirs[0].choices)


def test_model_that_forgets_is_read_whole(tmp_path: Path) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    from tests.workers.backends.tiny import byte_tokenizer

    torch.manual_seed(1)
    config = MistralConfig(
        vocab_size=258,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        sliding_window=8,
        max_position_embeddings=256,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
    )
    MistralForCausalLM(config).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    opened = TransformersBackend(str(tmp_path))
    requests = [asked(f"Step {'x' * 9 * i}", n=3, max_tokens=20) for i in range(4)]
    together = opened.answer([(request, range(3)) for request in requests])
    alone = [[opened.answer([(request, [i])])[0][0].text for i in range(3)] for request in requests]
    (scored,) = opened.answer([(asked("Step", n=0, score=" one\n"), [0])])[0]
    opened.close()
    assert [texts(row) for row in together] == alone
    assert len(scored.scores) == 5


def test_prompt_is_counted_on_one_sample_and_the_answer_says_who_gave_it(
    backend: TransformersBackend,
) -> None:
    first, second, third = backend.answer([(asked("so far", n=3, seed=6), [4, 5, 6])])[0]
    prompt = backend._chat.ids(backend._chat.text(asked("so far").messages))
    assert [c.prompt_tokens for c in (first, second, third)] == [len(prompt), 0, 0]
    assert first.revision.startswith("sha256:")
    assert first.server.startswith("transformers ")
    assert first.server.endswith("cpu, float64")
    assert (first.seed, first.cost) == (6, None)
    (greedy,) = backend.answer([(asked(temperature=0.0), [0])])[0]
    assert greedy.seed is None


def test_continuation_may_be_empty(backend: TransformersBackend) -> None:
    """A model that is certain to end says nothing, which is an answer."""
    sure = backend._ends
    backend._ends = frozenset(range(258))
    try:
        (empty,) = backend.answer([(asked("done"), [0])])[0]
    finally:
        backend._ends = sure
    assert (empty.text, empty.finish_reason, empty.completion_tokens, empty.error) == ("", "stop", 1, "")
