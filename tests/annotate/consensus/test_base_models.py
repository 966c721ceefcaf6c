from __future__ import annotations

import pytest

from annotate.consensus.base_models import Origin, base_model


@pytest.mark.parametrize(
    ("config", "model"),
    [
        ({"backend": "openai:http://gpu1:8000/v1?model=Qwen3-8B&timeout=9"}, "qwen3-8b"),
        ({"backend": "openai:http://gpu2:8000/v1?model=qwen3-8b"}, "qwen3-8b"),
        ({"backend": "transformers:fixtures/models/judge?batch=64"}, "fixtures/models/judge"),
        ({"backend": "vllm:models/qwen3-8b/"}, "models/qwen3-8b"),
        ({"backend": ""}, ""),
        ({"backend": 3}, ""),
        ({}, ""),
    ],
)
def test_the_model_behind_an_address(config, model):
    assert base_model(config) == model


def test_a_machine_drawn_again_is_the_same_machine_and_another_prompt_is_none():
    settings = {"seed": 0, "votes": 1, "min_votes": 0, "temperature": 0.0, "prompt": "critique@v1"}
    config = {
        "strategy": "judge/critique",
        "backend": "openai:http://gpu1/v1?model=tiny",
        "settings": settings,
    }
    again = settings | {"seed": 1, "votes": 2, "min_votes": 1, "temperature": 0.7}
    other = settings | {"prompt": "critique@v2"}

    one = Origin.of(config)

    assert one == Origin.of({**config, "settings": again})
    assert one.machine != Origin.of({**config, "settings": other}).machine
    assert one.family == Origin.of({**config, "settings": other}).family == "tiny"
    assert Origin.of({}) == Origin.of({"settings": settings}) == Origin()
    assert Origin.of({"backend": config["backend"]}) == Origin("tiny")
