"""One good file of every format, made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2, "b": 3}'}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "2 + 3?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "name": "add", "content": "5"},
    {"role": "assistant", "content": "It is 5."},
]


def label_studio() -> dict[str, Any]:
    def result(kind: str, name: str, value: dict[str, Any], to: str = "step_0") -> dict[str, Any]:
        return {"id": "r", "type": kind, "from_name": name, "to_name": to, "value": value}

    return {
        "id": 12,
        "data": {"problem": "2 + 3?", "steps": [{"idx": 0, "text": "Add."}, {"idx": 1, "text": "It is 6."}]},
        "annotations": [
            {
                "id": 1,
                "completed_by": {"id": 4, "email": "ann@example.org"},
                "lead_time": 12.5,
                "was_cancelled": False,
                "ground_truth": False,
                "result": [
                    result("choices", "step_label", {"choices": ["correct"]}),
                    result("choices", "step_label", {"choices": ["incorrect"]}, "step_1"),
                    result("textarea", "step_label", {"text": ["5, not 6"]}, "step_1"),
                ],
            },
            {"id": 2, "completed_by": 5, "was_cancelled": True, "result": []},
        ],
        "predictions": [
            {
                "model_version": "m1",
                "score": 0.9,
                "result": [result("choices", "verdict", {"choices": ["good"]})],
            }
        ],
        "project": 1,
    }


def argilla() -> dict[str, Any]:
    return {
        "id": "rec-1",
        "status": "completed",
        "_server_id": "s",
        "fields": {"question": "2 + 3?", "solution": "Add.\n\nIt is 6."},
        "metadata": {"source": "toy"},
        "vectors": {},
        "suggestions": {"verdict_step_0": {"value": "good", "score": 0.75, "agent": "tiny"}},
        "responses": {
            "verdict_step_0": [
                {"value": "good", "user_id": "u1", "status": "submitted"},
                {"value": "bad", "user_id": "u2", "status": "submitted"},
            ],
            "verdict_step_1": [{"value": "bad", "user_id": "u1", "status": "submitted"}],
        },
    }


def otlp() -> dict[str, Any]:
    def attributes(**given: Any) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in given.items()]

    def span(name: str, start: int, given: dict[str, str]) -> dict[str, Any]:
        return {
            "traceId": "aa11",
            "spanId": name,
            "name": name,
            "startTimeUnixNano": str(start),
            "attributes": attributes(**given),
        }

    first = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "tiny-1",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "2 + 3?",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "add",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"a": 2, "b": 3}',
    }
    tool = {"openinference.span.kind": "TOOL", "tool.name": "add", "output.value": "5"}
    second = {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "2 + 3?",
        "llm.input_messages.1.message.role": "assistant",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "add",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": '{"b": 3, "a": 2}',
        "llm.input_messages.2.message.role": "tool",
        "llm.input_messages.2.message.content": "5",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "It is 5.",
    }
    # A span is written when it ends, so the later ones may stand first.
    spans = [span("second", 300, second), span("tool", 200, tool), span("first", 100, first)]
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": spans}]}]}


def langfuse() -> dict[str, Any]:
    return {
        "id": "lf-1",
        "name": "agent",
        "timestamp": "2026-11-29T10:00:00Z",
        "observations": [
            {"id": "o2", "type": "TOOL", "name": "add", "startTime": "2026-11-29T10:00:02Z", "output": "5"},
            {
                "id": "o1",
                "type": "GENERATION",
                "startTime": "2026-11-29T10:00:01Z",
                "model": "tiny-1",
                "input": MESSAGES[:1],
                "output": MESSAGES[1],
            },
            {
                "id": "o3",
                "type": "GENERATION",
                "startTime": "2026-11-29T10:00:03Z",
                "model": "tiny-1",
                "input": MESSAGES[:3],
                "output": {"role": "assistant", "content": "It is 5."},
            },
            {"id": "o4", "type": "SPAN", "startTime": "2026-11-29T10:00:00Z", "input": "x", "output": "y"},
        ],
        "scores": [
            {
                "id": "s1",
                "name": "verdict",
                "source": "ANNOTATION",
                "authorUserId": "ann",
                "observationId": "o3",
                "value": 1,
            },
            {
                "id": "s2",
                "name": "helpful",
                "source": "EVAL",
                "value": None,
                "stringValue": "yes",
                "comment": "ok",
            },
        ],
    }


def inspect_sample(number: int = 1, value: Any = "C", **fields: Any) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": "add", "arguments": {"a": 2, "b": 3}}
    return {
        "id": number,
        "epoch": 1,
        "input": "2 + 3?",
        "target": "5",
        "messages": [
            {"role": "user", "content": "attachment://abc", "source": "input"},
            {
                "role": "assistant",
                "content": [{"type": "reasoning", "reasoning": "Hm."}],
                "tool_calls": [call],
            },
            {"role": "tool", "content": "5", "tool_call_id": "c1", "function": "add"},
            {"role": "assistant", "content": [{"type": "text", "text": "It is 5."}]},
        ],
        "scores": {"match": {"value": value, "answer": "5"}},
        "attachments": {"abc": "2 + 3?"},
        "events": [{"event": "state"}, {"event": "model"}],
    } | fields


INSPECT_EVAL = {
    "task": "sums",
    "eval_id": "e1",
    "run_id": "r1",
    "model": "org/tiny-1",
    "created": "2026-11-29",
}


def inspect_log(*samples: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": 2,
        "status": "success",
        "eval": INSPECT_EVAL,
        "samples": list(samples or [inspect_sample()]),
    }


def inspect_archive(*samples: dict[str, Any], header: str = "header.json") -> bytes:
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as archive:
        archive.writestr(header, json.dumps({"version": 2, "status": "success", "eval": INSPECT_EVAL}))
        for number, sample in enumerate(samples or [inspect_sample()], start=1):
            archive.writestr(f"samples/{sample.get('id')}_epoch_{number}.json", json.dumps(sample))
        archive.writestr("summaries.json", "[]")
    return data.getvalue()


def prm800k() -> dict[str, Any]:
    def turn(text: str, rating: int) -> dict[str, Any]:
        said = [{"text": text, "rating": rating, "flagged": False}]
        return {"completions": said, "chosen_completion": 0, "human_completion": None}

    return {
        "labeler": "l1",
        "generation": 1,
        "question": {"problem": "2 + 3?", "ground_truth_answer": "5"},
        "label": {
            "steps": [turn("Add.", 1), turn("It is 6.", -1)],
            "total_time": 900,
            "finish_reason": "found_error",
        },
    }


# Every format whose files hold JSON records, with one of them.
RECORDS: dict[str, Callable[[], dict[str, Any]]] = {
    "jsonl": lambda: {
        "id": "t1",
        "problem": {"text": "2 + 3?"},
        "steps": ["Add.", "5."],
        "gold": {"first_error": 1},
    },
    "processbench": lambda: {
        "id": "g-0",
        "generator": "tiny",
        "problem": "2 + 3?",
        "steps": ["Add.", "6."],
        "final_answer_correct": False,
        "label": 1,
    },
    "prm800k": prm800k,
    "math_shepherd": lambda: {
        "input": "2 + 3? Step 1: Add. ки\nStep 2: 6. ки",
        "label": "2 + 3? Step 1: Add. +\nStep 2: 6. -",
        "task": "GSM8K",
    },
    "prmbench": lambda: {
        "modified_question": "2 + 3?",
        "modified_process": ["Add.", "6."],
        "error_steps": [2],
        "modified_steps": [2],
        "idx": "p1",
        "classification": "confidence",
    },
    "mr_ben": lambda: {
        "Question_UUID": "u1",
        "Question": "2 + 3?",
        "Options": "A: 5",
        "Ground_Truth_Answer": "A",
        "Sampled_Model": "tiny",
        "Model_Solution_Steps": ["Step 1: Add.", "Step 2: 6."],
        "Model_Solution_Correctness": "incorrect",
        "Model_Solution_First_Error_Step": "2",
        "Model_Solution_Error_Reason": ["5."],
        "Model_Solution_Rectified_First_Error_Step": ["Step 2: 5."],
    },
    "bigbench_mistake": lambda: {
        "input": "2 + 3?",
        "steps": ["Add.", "6."],
        "answer": "6",
        "target": "5",
        "mistake_index": 1,
    },
    "agentprocessbench": lambda: {
        "data_source": "toy",
        "query_index": 0,
        "sample_index": 1,
        "messages": MESSAGES,
        "tools": [],
        "step_labels": {"1": 1, "3": 0},
        "final_label": 1,
    },
    "trl_stepwise": lambda: {"prompt": "2 + 3?", "completions": ["Add.", "6."], "labels": [True, False]},
    "rlhflow": lambda: {
        "conversations": [
            {"role": "user", "content": "2 + 3? Step 1: Add."},
            {"role": "assistant", "content": "+"},
            {"role": "user", "content": "Step 2: 6."},
            {"role": "assistant", "content": "-"},
        ]
    },
    "soft_labels": lambda: {"prompt": "2 + 3?", "completions": ["Add.", "6."], "labels": [0.9, 0.25]},
    "qwen_prm": lambda: {
        "messages": [
            {"role": "system", "content": "Reason."},
            {"role": "user", "content": "2 + 3?"},
            {"role": "assistant", "content": "Add.<extra_0>6.<extra_0>"},
        ],
        "labels": [1, 0],
    },
    "steps": lambda: {
        "trace": "t1",
        "problem": "p1",
        "problem_text": "2 + 3?",
        "source_model": None,
        "outcome": "wrong",
        "steps": 1,
        "position": 0,
        "kind": "thought",
        "text": "It is 6.\n",
        "tail": 1,
        "action": "keep",
        "label": "bad",
        "probability": 0.9,
        "reason": "majority",
        "votes": [
            {
                "rater": "person-001",
                "kind": "person",
                "criterion": "verdict",
                "value": "bad",
                "score": None,
                "is_simulated": False,
                "text": "",
                "seconds": 4.5,
            }
        ],
    },
    "preference": lambda: {"prompt": "2 + 3?", "chosen": "5.", "rejected": "6."},
    "inspect_ai": inspect_log,
    "spans": otlp,
    "langfuse": langfuse,
    "label_studio": label_studio,
    "argilla": argilla,
    "openai_messages": lambda: {"id": "m1", "messages": MESSAGES, "tools": []},
    "labels": lambda: {"trace": "t1", "rater": "ann", "step": 0, "value": "good"},
    "table": lambda: {"id": 3, "question": "2 + 3?", "solution": "Add.\n\nIt is 5.", "source": "toy"},
}
