"""Check an agent's tool calls against the tools' schemas, and what it later says of their results.

An action whose call names no tool of the problem, lacks an argument or gives one of the wrong type is refuted. A later
step that tells a value of a result is supported where a tool said that value and refuted where tools only ever said
another one for that key, since the last action: an action may change what was told before. A result that is not used
at all is silence: an agent may look at more than it needs. That a call fits its schema is weak support, as it may still
be the wrong call.
"""

from __future__ import annotations

from annotate.prelabel.checking.verdicts import Verdicts, VerifierSettings, not_applicable
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.verifiers.tool_call.calls import calls_of, check, tools_of
from annotate.prelabel.verifiers.tool_call.results import Results


def verify_tool_calls(task: TraceTask, settings: VerifierSettings) -> Strategy:
    """Judge actions by ``meta.tools`` and all other steps by the observations before them; asks nobody."""
    yield from ()
    tools = tools_of(task.meta)
    if not tools and not any(step.kind == "observation" for step in task.steps):
        return not_applicable("the problem offers no tools and no tool said anything")
    verdicts = Verdicts(settings)
    results = Results()
    results.heard(task.problem)
    calls = 0
    for step in task.steps:
        if step.kind == "observation":
            results.take(step.text)
            verdicts.pass_over(step, "it is what the environment said")
            continue
        made = calls_of(step) if step.kind == "action" else []
        calls += len(made)
        claims = [check(call, tools) for call in made] if tools else []
        if not made:
            claims += results.claims(step.text)
        for call in made:
            results.heard(str(call.arguments))
        if step.kind == "action":
            results.acted()
        verdicts.judge(step, claims)
    return verdicts.finding(calls=calls, tools=len(tools))
