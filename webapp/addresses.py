"""Where what programs read begins. By itself, since the framework's settings import what asks for it."""

from __future__ import annotations

API = "/api/"
