"""Which weights these are: the commit a model was fetched at, else a fingerprint of its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import BinaryIO

# Files up to this size are hashed whole; of larger ones the header and as many blocks, evenly spread.
WHOLE_BYTES = 64 << 20
BLOCK_BYTES = 1 << 20


def revision_of(path: str, commit: str | None) -> str:
    """``git:COMMIT`` for a fetched model, ``sha256:…`` of config and weights for a folder, else empty.

    Weights above 64 MB are sampled (``sha256-sampled:…``): reading a large model twice would cost more than the doubt
    is worth, and two trainings differ in nearly every block.
    """
    if commit:
        return f"git:{commit}"
    folder = Path(path)
    if folder.parent.name == "snapshots":
        return f"git:{folder.name}"
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]) if folder.is_dir() else []
    if not weights:
        return ""
    is_sampled = False
    digest = hashlib.sha256()
    for file in (folder / "config.json", *weights):
        if not file.is_file():
            continue
        size = file.stat().st_size
        digest.update(json.dumps([file.name, size]).encode())
        with file.open("rb") as stream:
            if size <= WHOLE_BYTES:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
            else:
                is_sampled = True
                _sample(stream, size, digest)
    return f"sha256{'-sampled' if is_sampled else ''}:{digest.hexdigest()[:32]}"


def _sample(stream: BinaryIO, size: int, digest: hashlib._Hash) -> None:
    blocks = WHOLE_BYTES // BLOCK_BYTES
    for block in range(blocks):
        stream.seek((size - BLOCK_BYTES) * block // (blocks - 1))
        digest.update(stream.read(BLOCK_BYTES))
