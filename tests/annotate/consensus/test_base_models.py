from __future__ import annotations

import pytest

from annotate.consensus.base_models import base_model


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
