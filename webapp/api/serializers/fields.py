from __future__ import annotations

from typing import Any

from rest_framework import serializers


class KnownOrNull(serializers.CharField):
    """A text column that is empty when nothing is known; JSON has a word for that."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **options)

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) or None


class Settings(serializers.DictField):
    """Named settings of a strategy, policy or format; its own dataclass checks names and types."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.JSONField(), required=False, **options)
