"""A data set of the Hub, fetched with the Hub's own client into its own cache. Only commands do this."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2

from annotate.errors import Rejected
from annotate.ingest.folders import chosen

HUB = "hf:"
TIMEOUT = 20.0
_NAME = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?")


def downloaded(given: str, *, revision: str = "", part: str = "") -> tuple[Path, list[str]]:
    """The folder of ``hf:ORGANISATION/NAME`` and the names of one part's files in it.

    What is in the cache is not fetched again. Raises Rejected where the Hub cannot be reached, does not know the data
    set or does not give it out.
    """
    name = given.removeprefix(HUB)
    if not _NAME.fullmatch(name):
        raise Rejected(f"{name[:100]!r} is no name of a data set: ORGANISATION/NAME", field="file")
    hub, errors = _client()
    try:
        # Not retried, unlike a listing: without the Hub there should be one line, and soon.
        about = hub.HfApi().dataset_info(name, revision=revision or None, timeout=TIMEOUT)
        wanted = chosen(sorted(one.rfilename for one in about.siblings or ()), part)
        folder = hub.snapshot_download(
            name, repo_type="dataset", revision=about.sha, allow_patterns=[_escaped(one) for one in wanted]
        )
    except errors.HFValidationError:
        raise Rejected(f"{name[:100]!r} is no name of a data set: ORGANISATION/NAME", field="file") from None
    except errors.GatedRepoError:
        raise Rejected(
            f"the data set {name} is given out on request only: log in with `hf auth login`"
        ) from None
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        at = f" at {revision}" if revision else ""
        raise Rejected(f"the Hub has no data set {name}{at}, or it is private", field="file") from None
    except (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, httpx2.HTTPError, OSError) as error:
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise Rejected(
            f"the Hub cannot be reached ({reason}). Fetch the data set elsewhere and bring its folder in",
            field="file",
        ) from None
    return Path(folder), wanted


def _escaped(name: str) -> str:
    """A name as a pattern that fits nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def _client() -> tuple[Any, Any]:
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError:
        raise Rejected(
            "Data sets of the Hub need huggingface_hub, which is not installed."
            " Run: python3 manage.py setup export"
        ) from None
    return huggingface_hub, errors
