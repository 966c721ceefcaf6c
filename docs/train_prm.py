"""Train a process reward model on a release: ``python docs/train_prm.py RELEASE --model MODEL --out prm``.

RELEASE is the folder of a release in the format trl_stepwise or soft_labels. A step is scored at the last token of the
separator behind it, by one logit; labels may be true and false or probabilities, with a weight each where the release
has them. What is held back is the release's own validation split, else its test split, else one problem in ten. It
needs torch and transformers alone, and prints one line of JSON per report.

    python3 manage.py export my-project release --format trl_stepwise --set validation_share=0.1
    python docs/train_prm.py release --model fixtures/models/judge --out prm            # a laptop, a minute or two
    python docs/train_prm.py release --model Qwen/Qwen2.5-Math-1.5B-Instruct --out prm \\
        --learning-rate 1e-5 --batch 4 --accumulate 8 --max-length 2048 --checkpointing  # one GPU

To use what was trained: load ``--out`` with ``AutoModelForTokenClassification``, join the steps as :func:`encode` does,
and take ``sigmoid`` of the logit at each place it names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForTokenClassification, AutoTokenizer, get_cosine_schedule_with_warmup


@dataclass(frozen=True)
class Row:
    """One trace as tokens: ``places`` are where its steps are scored, with a label and a weight each."""

    tokens: list[int]
    places: list[int]
    labels: list[float]
    weights: list[float]


def encode(tokenizer: Any, prompt: str, steps: Sequence[str], separator: str) -> tuple[list[int], list[int]]:
    """Tokens of the prompt and its steps, each piece by itself, and the place of every separator's last token."""
    start = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    end = tokenizer.encode(separator, add_special_tokens=False)
    tokens = start + tokenizer.encode(prompt, add_special_tokens=False) + end
    places = []
    for step in steps:
        tokens += tokenizer.encode(step, add_special_tokens=False) + end
        places.append(len(tokens) - 1)
    return tokens, places


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def split_files(release: Path, name: str) -> list[Path]:
    return sorted((release / "data").glob(f"{name}*.jsonl"))


def read(release: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows to train on and rows held back; no problem is in both."""
    train = [row for path in split_files(release, "train") for row in rows_of(path)]
    for name in ("validation", "test"):
        if files := split_files(release, name):
            return train, [row for path in files for row in rows_of(path)]
    held = [row for row in train if hashlib.sha256(row["prompt"].encode()).digest()[0] < 26]
    kept = [row for row in train if hashlib.sha256(row["prompt"].encode()).digest()[0] >= 26]
    return kept, held


def encoded(rows: Sequence[dict[str, Any]], tokenizer: Any, args: argparse.Namespace, of: str) -> list[Row]:
    """Steps that end behind ``--max-length`` are left out, which is said."""
    found, lost = [], 0
    for row in rows:
        tokens, places = encode(tokenizer, row["prompt"], row["completions"], args.separator)
        kept = [place for place in places if place < args.max_length]
        lost += len(places) - len(kept)
        if kept:
            weights = row.get("weights") or [1.0] * len(places)
            found.append(
                Row(
                    tokens[: args.max_length],
                    kept,
                    [float(label) for label in row["labels"][: len(kept)]],
                    # A weight that is not known weighs as any other step.
                    [1.0 if weight is None else weight for weight in weights[: len(kept)]],
                )
            )
    if lost:
        print(f"{of}: {lost:,} steps are too long and left out", file=sys.stderr)
    return found


def batches(rows: Sequence[Row], size: int, rng: random.Random | None) -> Iterator[list[Row]]:
    """In another order each time to train; by length to measure.

    Training batches are no traces of one length: short traces are those that ended at an early error.
    """
    order = list(range(len(rows)))
    if rng:
        rng.shuffle(order)
    else:
        order.sort(key=lambda i: len(rows[i].tokens))
    for start in range(0, len(order), size):
        yield [rows[i] for i in order[start : start + size]]


def logits_of(model: Any, batch: Sequence[Row], pad: int, device: torch.device) -> torch.Tensor:
    """The logits at the places of all rows, one after the other."""
    longest = max(len(row.tokens) for row in batch)
    ids = torch.tensor([row.tokens + [pad] * (longest - len(row.tokens)) for row in batch], device=device)
    mask = torch.tensor(
        [[1] * len(row.tokens) + [0] * (longest - len(row.tokens)) for row in batch], device=device
    )
    at = [(i, place) for i, row in enumerate(batch) for place in row.places]
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        found = model(input_ids=ids, attention_mask=mask).logits[..., 0]
    places = torch.tensor(at, device=device)
    return found[places[:, 0], places[:, 1]].float()


def targets_of(batch: Sequence[Row], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.tensor([label for row in batch for label in row.labels], device=device)
    weights = torch.tensor([weight for row in batch for weight in row.weights], device=device)
    return labels, weights


@torch.no_grad()
def measure(model: Any, rows: Sequence[Row], pad: int, args: argparse.Namespace) -> dict[str, float]:
    """Over all steps of ``rows``; a label of a half or more counts as right."""
    model.eval()
    losses, hits, rights = [], [], []
    for batch in batches(rows, 4 * args.batch, None):
        logits = logits_of(model, batch, pad, args.device)
        labels, _ = targets_of(batch, args.device)
        losses += nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").tolist()
        hits += ((logits > 0) == (labels >= 0.5)).tolist()
        rights += (labels >= 0.5).tolist()
    model.train()
    share = sum(rights) / len(rights)
    of = {
        kind: [hit for hit, right in zip(hits, rights, strict=True) if right is kind]
        for kind in (True, False)
    }
    return {
        "loss": sum(losses) / len(losses),
        "accuracy": sum(hits) / len(hits),
        "majority": max(share, 1 - share),
        "recall_right": sum(of[True]) / max(1, len(of[True])),
        "recall_wrong": sum(of[False]) / max(1, len(of[False])),
        "steps": len(hits),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", type=Path)
    parser.add_argument("--model", required=True, help="a folder, or a name on the Hugging Face Hub")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--separator", default="\n", help="what stands behind every step (default: a line feed)"
    )
    parser.add_argument("--max-length", type=int, default=1024)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--accumulate", type=int, default=1, help="batches to one step of the optimiser")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=int, default=50, help="steps of the optimiser between two reports")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", type=torch.device)
    parser.add_argument("--checkpointing", action="store_true", help="less memory, more time")
    train(parser.parse_args())


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    model = AutoModelForTokenClassification.from_pretrained(args.model, num_labels=1, dtype=torch.float32)
    model.config.pad_token_id = pad
    model.to(args.device).train()
    if args.checkpointing:
        model.gradient_checkpointing_enable()
    kept, held = read(args.release)
    rows, unseen = encoded(kept, tokenizer, args, "training"), encoded(held, tokenizer, args, "held back")
    if not rows or not unseen:
        sys.exit(
            f"{args.release}: {len(rows)} traces to train on and {len(unseen)} held back; both are needed."
        )
    steps = max(1, math.ceil(args.epochs * len(rows) / (args.batch * args.accumulate)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.01)
    schedule = get_cosine_schedule_with_warmup(optimizer, max(1, steps // 20), steps)
    started, done, losses = time.monotonic(), 0, []
    report = {"traces": len(rows), "held": len(unseen), "steps": steps}
    print(json.dumps(report | {"before": measure(model, unseen, pad, args)}), flush=True)
    waiting: Iterator[list[Row]] = iter(())
    while done < steps:
        for _ in range(args.accumulate):
            batch = next(waiting, None)
            if batch is None:
                waiting = batches(rows, args.batch, rng)
                batch = next(waiting)
            labels, weights = targets_of(batch, args.device)
            logits = logits_of(model, batch, pad, args.device)
            each = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
            loss = (each * weights).sum() / weights.sum().clamp(min=1e-6)
            (loss / args.accumulate).backward()
            losses.append(loss.item())
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        done += 1
        if done % args.report == 0 or done == steps:
            recent = losses[-args.report * args.accumulate :]
            seconds = round(time.monotonic() - started, 1)
            line = {"step": done, "loss": round(sum(recent) / len(recent), 4), "seconds": seconds}
            print(json.dumps(line), flush=True)
    found = measure(model, unseen, pad, args)
    model.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    settings = {"separator": args.separator, "max_length": args.max_length}
    (args.out / "prm.json").write_text(json.dumps(settings | {"held_back": found}, indent=2))
    print(json.dumps({"after": found}), flush=True)


if __name__ == "__main__":
    main()
