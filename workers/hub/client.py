"""The Hub's own client, with the operator's address and token and no other."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from workers.hub.failures import HubFailure

# The environment's names for the token, and for a file that holds it.
VARIABLE, FILE_VARIABLE = "HF_TOKEN", "GRADUS_HF_TOKEN_FILE"
# Of silence. The client itself would wait for ever, and its worker with it.
TIMEOUT = httpx2.Timeout(120.0, connect=20.0)


@dataclass(frozen=True, slots=True)
class Hub:
    """``api`` speaks for whoever ``token`` belongs to; ``module`` is huggingface_hub, ``errors`` its errors."""

    api: Any
    module: Any
    errors: Any
    endpoint: str
    token: str

    def page_of(self, repository: str, revision: str) -> str:
        return f"{self.endpoint}/datasets/{repository}/commit/{revision}"


def open_hub(endpoint: str) -> Hub:
    """Raises HubFailure where the client or a token is missing. Nothing is asked of the Hub yet."""
    try:
        import huggingface_hub
        from huggingface_hub import constants, errors
    except ImportError:
        raise HubFailure(
            "Pushing needs huggingface_hub, which this worker has not. Run: python3 manage.py setup export"
        ) from None
    token = token_here()
    if constants.is_offline_mode():
        raise HubFailure("HF_HUB_OFFLINE is set where this worker runs.")
    _be_impatient()
    # Given in so many words: left to itself the client would look for a token in the home of whoever runs the worker.
    api = huggingface_hub.HfApi(endpoint=endpoint, token=token, library_name="gradus")
    return Hub(api, huggingface_hub, errors, endpoint, token)


@cache
def _be_impatient() -> None:
    """Once in a process: every call closes what other threads are using."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils import disable_progress_bars

    # The addresses of the store behind the Hub are signed, and have no place in a log.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # That files go over HTTP is what is wanted (workers/hub/pushing.py), and bars are drawn on no terminal here.
    logging.getLogger("huggingface_hub._commit_api").setLevel(logging.ERROR)
    disable_progress_bars()
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=TIMEOUT))


def token_here() -> str:
    """Read anew for every push, so that a token can be changed without a restart; it is kept nowhere."""
    if named := os.environ.get(FILE_VARIABLE):
        try:
            token = Path(named).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise HubFailure(f"The token cannot be read from {FILE_VARIABLE}: {reason}.") from None
    else:
        token = os.environ.get(VARIABLE, "").strip()
    if not token:
        raise HubFailure(
            f"This worker has no token for the Hub. Set {VARIABLE} or {FILE_VARIABLE} where it runs."
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise HubFailure(
            f"What {FILE_VARIABLE if named else VARIABLE} holds is no token: one word is expected."
        )
    return token
