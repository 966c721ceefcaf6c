"""Write ``inspect_ai*``: logs of evaluations that Inspect ran with its own mock model, tools and scorers.

By hand, in an environment of its own: ``pip install inspect_ai``, then ``python write_inspect_ai.py
FOLDER_OF_THIS_FILE``. Written by inspect_ai 0.3.285.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from inspect_ai import Task, eval, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Score, Target, includes, mean, scorer
from inspect_ai.solver import Generate, TaskState, generate, solver, system_message, use_tools
from inspect_ai.tool import ToolCall, tool

LONG = "Please use the tool for every sum. " * 12


@tool
def add() -> Any:
    async def execute(a: int, b: int) -> str:
        """Add two numbers.

        Args:
            a: The first.
            b: The second.
        """
        if a == 13:
            raise PermissionError("13 is not added here")
        return str(a + b)

    return execute


@scorer(metrics=[mean()])
def brevity() -> Any:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0.5, explanation="It could be shorter.")

    return score


@solver
def breaks() -> Any:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.sample_id == "broken":
            raise RuntimeError("the solver broke")
        return state

    return solve


def called(*calls: tuple[str, dict[str, Any]], words: str = "") -> ModelOutput:
    made = [ToolCall(id=f"call-{n}", function=name, arguments=given) for n, (name, given) in enumerate(calls)]
    message = ChatMessageAssistant(content=words, tool_calls=made, source="generate")
    return ModelOutput.from_message(message, stop_reason="tool_calls")


def thought(reasoning: str, answer: str) -> ModelOutput:
    content = [ContentReasoning(reasoning=reasoning), ContentText(text=answer)]
    return ModelOutput.from_message(ChatMessageAssistant(content=content, source="generate"))


# For each sample of an epoch, in order: what the mock model says.
TOOLS = [
    called(("add", {"a": 2, "b": 3}), words="First the sum."),
    thought("The tool says 5.", "It is 5."),
    called(("add", {"a": 13, "b": 1}), ("add", {"a": 1, "b": 1})),
    ModelOutput.from_content("mockllm/model", "It cannot be added here, but 1 + 1 is 2."),
]


@task
def sums() -> Task:
    samples = [
        Sample(input="What is 2 + 3?", target="5", id="easy", metadata={"level": 1}),
        Sample(input=[ChatMessageUser(content=f"What is 13 + 1? {LONG}")], target=["14", "fourteen"], id=2),
        Sample(input="What is 1 + 1?", target="2", id="broken"),
    ]
    return Task(
        dataset=MemoryDataset(samples, name="sums"),
        solver=[system_message("Use the tool."), use_tools(add()), breaks(), generate()],
        scorer=[includes(), brevity()],
    )


@task
def plain() -> Task:
    samples = [Sample(input=f"What is {n} + {n}?", target=str(2 * n), id=n) for n in (1, 2, 3)]
    return Task(dataset=MemoryDataset(samples, name="plain"), solver=generate(), scorer=includes())


@task
def short() -> Task:
    """A limit on messages ends it before the answer."""
    return Task(
        dataset=MemoryDataset([Sample(input="What is 2 + 3?", target="5", id="cut")], name="short"),
        solver=[use_tools(add()), generate()],
        message_limit=2,
    )


def counted(output: ModelOutput) -> ModelOutput:
    """Otherwise the mock model counts tokens by a table that it fetches."""
    return output.model_copy(update={"usage": ModelUsage(input_tokens=9, output_tokens=4, total_tokens=13)})


def scrubbed(text: str) -> str:
    """Tracebacks and the task's file without the paths of the machine it ran on."""
    for path, name in (
        (sys.prefix, "/venv"),
        (sys.base_prefix, "/python"),
        (str(Path(__file__).parent), "/tasks"),
    ):
        text = text.replace(path, name)
    return text


def keep(found: Path, kept: Path) -> None:
    if found.suffix == ".json":
        with gzip.GzipFile(f"{kept}.gz", "wb", mtime=0) as file:
            file.write(scrubbed(found.read_text()).encode())
        return
    kept.unlink(missing_ok=True)
    # Inspect has taught its own way of packing to this class.
    with ZipFile(found) as log, ZipFile(kept, "w") as copy:
        for member in log.infolist():
            body = scrubbed(log.read(member).decode())
            copy.writestr(member.filename, body, compress_type=member.compress_type)


def run(made: Any, outputs: list[ModelOutput], form: str, folder: Path, **given: Any) -> Path:
    model = get_model("mockllm/model", custom_outputs=[counted(one) for one in outputs], memoize=False)
    (log,) = eval(
        made,
        model=model,
        log_dir=str(folder),
        log_format=form,
        max_samples=1,
        max_connections=1,
        fail_on_error=False,
        display="none",
        log_level="error",
        **given,
    )
    return Path(log.location.removeprefix("file://"))


def main(folder: Path) -> None:
    answers = [ModelOutput.from_content("mockllm/model", words) for words in ("2", "It is 4.\n\nYes.", "7")]
    for form in ("eval", "json"):
        with tempfile.TemporaryDirectory() as logs:
            found = run(sums(), TOOLS * 2, form, Path(logs), epochs=2)
            keep(found, folder / f"inspect_ai_tools.{form}")
            found = run(plain(), answers, form, Path(logs))
            keep(found, folder / f"inspect_ai_plain.{form}")
            found = run(short(), [called(("add", {"a": 2, "b": 3}))], form, Path(logs))
            keep(found, folder / f"inspect_ai_short.{form}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
