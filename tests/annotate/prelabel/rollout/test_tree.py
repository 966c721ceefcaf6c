from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections import Counter
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Message, Request, StepTask, TraceTask
from annotate.prelabel.rollout.tree import TreeSettings, tree
from annotate.prelabel.rollout.tree.nodes import Rollout, Tree, Weights, extended
from tests.annotate.prelabel.answering import Answerer, reasons, run, said, trace, values

RIGHT, WRONG = "Answer: 42", "Answer: 41"
PAPER = Weights(alpha=0.5, beta=0.9, scale=500.0, c_puct=0.125)


def lone(**values_: Any) -> TreeSettings:
    """One search, that of the trace itself, and lines as steps."""
    return TreeSettings(**{"searches": 1, "split": "lines", **values_})


def steps(n: int, last: str = WRONG) -> TraceTask:
    return trace(*[f"step {i}\n" for i in range(n - 1)], last)


def written(request: Request) -> str:
    last = request.messages[-1]
    return last.content if last.role == "assistant" else ""


def lost_from(error: int) -> Answerer:
    """The bare problem is solved every other time; a prefix of the trace exactly if the error is not in it."""

    def answer(request: Request, sample: int) -> Completion:
        if request.about is None:
            return said(RIGHT if sample % 2 else WRONG)
        return said(RIGHT if request.about < error else WRONG)

    return answer


def three_nodes() -> Tree:
    """Shares of 3/4, 1/2 and 1/4, with wrong rollouts of 100, 500 and 1000 tokens."""
    found = Tree((Message("user", "p"),), PAPER)
    nodes = [found.root, found.node((Message("user", "q"),)), found.node((Message("user", "r"),))]
    for node, hits in zip(nodes, (3, 2, 1), strict=True):
        node.tally.hits, node.tally.misses = hits, 4 - hits
        node.waiting = [Rollout(f"{node.number}-{n}", length) for n, length in enumerate((100.0, 500.0))]
    nodes[1].waiting.append(Rollout("1-2", 1000.0))
    return found


def test_tree_selects_pairs_in_the_order_worked_out_by_hand() -> None:
    # Q: 0.5 ** (1 - MC) * 0.9 ** (length / 500)
    #   node 0 (3/4): .8409 * .9791 = .8234 and .7568
    #   node 1 (1/2): .7071 * .9791 = .6924, .6364 and .5728
    #   node 2 (1/4): .5946 * .9791 = .5822 and .5351
    # U after n selections: .125 * sqrt(n) / (1 + N)
    #   1st: no visits, so 0-0 (.8234). 2nd: 0-1 .7568+.0625=.8193, 1-0 .6924+.125=.8174 -> 0-1.
    #   3rd: 1-0 (.6924+.1768), 2-0 (.5822+.1768) -> 1-0. 4th: 1-1 .6364+.1083, 2-0 .5822+.2165=.7987 -> 2-0.
    #   5th: 1-1 .6364+.125=.7614, 2-1 .5351+.125 -> 1-1. 6th: 1-2 .5728+.0932=.666, 2-1 .5351+.1398=.6749 -> 2-1.
    found = three_nodes()
    order = []
    while (popped := found.pop()) is not None:
        order.append(popped[1].text)
    assert order == ["0-0", "0-1", "1-0", "2-0", "1-1", "2-1", "1-2"]
    assert [node.visits for node in found] == [2, 3, 2]


def test_tree_weights_are_the_published_formula() -> None:
    assert PAPER.quality(0.75, 100) == pytest.approx(0.5**0.25 * 0.9**0.2)
    assert PAPER.curiosity(visits=2, all_visits=9) == pytest.approx(0.125 * math.sqrt(9) / 3)


def test_tree_never_hands_out_a_rollout_twice() -> None:
    found = three_nodes()
    texts = [popped[1].text for popped in iter(found.pop, None)]
    assert len(texts) == len(set(texts)) == 7


def test_tree_leaves_out_prefixes_that_always_or_never_recover() -> None:
    found = Tree((Message("user", "p"),), PAPER)
    for hits, misses in ((0, 4), (4, 0)):
        node = found.node((Message("user", f"{hits}"),))
        node.tally.hits, node.tally.misses = hits, misses
        node.waiting = [Rollout("w", 10.0)]
    found.root.waiting = [Rollout("unmeasured", 10.0)]
    assert found.pop() is None


def test_tree_counts_a_visit_when_choosing_and_not_when_estimating() -> None:
    finding, _ = run(tree(steps(8), lone()), lost_from(3))
    visits = {node["position"]: node["visits"] for node in finding.summary["tree"]["nodes"]}
    assert visits.pop(None) == 1, "the trace itself was searched once from the root"
    assert len(visits) >= 2
    assert set(visits.values()) == {0}, "probed prefixes were estimated, not chosen"


@pytest.mark.parametrize("n", range(1, 13))
def test_tree_locates_the_error_of_the_trace_wherever_it_is(n: int) -> None:
    for error in range(n):
        finding, asked = run(tree(steps(n), lone()), lost_from(error))
        assert finding.summary["first_error"] == error
        assert values(finding) == {i: "bad" if i == error else "good" for i in range(error + 1)}
        assert set(reasons(finding)) == set(range(error + 1, n))
        assert all(request.about != n - 1 for request in asked), "the last step is graded, not rolled out"
        assert len(asked) <= 1 + math.ceil(math.log2(max(n, 2)))


def test_tree_implied_labels_carry_no_counts_and_can_be_left_out() -> None:
    finding, _ = run(tree(steps(8), lone()), lost_from(6))
    implied = [o for o in finding.opinions if "implied_by" in o.evidence]
    assert implied
    for opinion in implied:
        assert opinion.position is not None
        assert opinion.position < opinion.evidence["implied_by"]
        assert "hits" not in opinion.evidence
        assert opinion.score is None
    probed_only, _ = run(tree(steps(8), lone(label_implied=False)), lost_from(6))
    assert len(probed_only.opinions) == len(finding.opinions) - len(implied)
    assert {reasons(probed_only)[o.position] for o in implied} == {"not probed; recoverable by a later step"}


def test_tree_estimates_each_prefix_once() -> None:
    """Half of the bare problem's rollouts begin as the trace does; their shared prefixes are not paid for again."""
    texts = [f"step {i}\n" for i in range(4)]

    def answer(request: Request, sample: int) -> Completion:
        if not written(request):
            return said("".join(texts) + WRONG if sample % 2 else RIGHT)
        is_lost = texts[2] in written(request)
        return said(WRONG if is_lost or sample % 2 else RIGHT)

    finding, asked = run(tree(trace(*texts, WRONG), lone(searches=20)), answer)
    drawn = Counter(request.digest for request in asked)
    assert set(drawn.values()) == {1}
    assert finding.summary["tree"]["searches"] > 3, "the copies were searched, without asking anew"
    assert finding.summary["first_error"] == 2


def test_tree_grades_the_whole_answer_not_a_substring() -> None:
    def answer(request: Request, sample: int) -> Completion:
        if request.about is None:
            return said(RIGHT if sample else WRONG)
        return said("Answer: 142")

    finding, _ = run(tree(steps(4), lone()), answer)
    assert finding.summary["first_error"] == 0, "142 contains 42 and is another number"


def test_tree_truncated_rollouts_are_neither_wrong_nor_searched() -> None:
    def answer(request: Request, sample: int) -> Completion:
        if request.about is None:
            return said("a\nb\n" + WRONG, "length") if sample % 2 else said(RIGHT)
        return said(WRONG, "length")

    finding, asked = run(tree(steps(4), lone(searches=20)), answer)
    assert values(finding) == {}
    assert set(reasons(finding).values()) == {"too many rollouts without an outcome"}
    evidence = finding.summary["tree"]
    assert (evidence["searches"], evidence["rollouts_waiting"]) == (1, 0)
    assert evidence["nodes"][0]["mc"] == pytest.approx(4 / 5), "four of four, and the trace itself"
    assert len(asked) == 2


def test_tree_rollouts_from_the_pool_become_nodes_of_their_own() -> None:
    wrong = "one\ntwo\nthree\n" + WRONG

    def answer(request: Request, sample: int) -> Completion:
        if not written(request):
            return Completion(wrong if sample == 3 else RIGHT, "stop", sample, completion_tokens=20)
        return said(WRONG if "two" in written(request) or "step" in written(request) else RIGHT)

    finding, _ = run(tree(steps(3), lone(searches=2)), answer)
    nodes = {node["edge"]: node for node in finding.summary["tree"]["nodes"]}
    assert nodes["one\ntwo\n"]["hits"] == 0
    assert nodes["one\n"]["hits"] == 8
    found = finding.summary["tree"]["errors"][1]
    assert (found["error"], found["good_through"], found["is_closed"]) == (
        "two\n",
        nodes["one\n"]["number"],
        True,
    )
    assert all(node["position"] is None for edge, node in nodes.items() if "one" in edge)
    assert {o.position for o in finding.opinions} == {0}, "other solutions become no label"


def test_tree_longer_rollouts_wait_longer_in_tokens_not_words() -> None:
    """The rollout of many short tokens counts as longer than the one of many characters."""
    many_characters, many_tokens = "x" * 900 + "\n" + WRONG, "y\n" + WRONG

    def answer(request: Request, sample: int) -> Completion:
        if written(request):
            return said(WRONG)
        if sample == 0:
            return Completion(many_tokens, "stop", sample, completion_tokens=400)
        if sample == 1:
            return Completion(many_characters, "stop", sample, completion_tokens=30)
        return Completion(RIGHT, "stop", sample, completion_tokens=5)

    _, asked = run(tree(trace(WRONG), lone(searches=3)), answer)
    assert [written(request)[:1] for request in asked[1:]] == ["x", "y"]


def test_tree_says_where_lengths_were_guessed() -> None:
    finding, _ = run(tree(steps(4), lone()), lost_from(2))
    assert finding.summary["tree"]["lengths_guessed"] > 0
    counted: Answerer = lambda request, sample: dataclasses.replace(  # noqa: E731
        lost_from(2)(request, sample), completion_tokens=9
    )
    finding, _ = run(tree(steps(4), lone()), counted)
    assert finding.summary["tree"]["lengths_guessed"] == 0


def test_tree_right_trace_is_not_searched() -> None:
    finding, asked = run(tree(steps(5, RIGHT), lone(searches=1)), lost_from(0))
    assert values(finding) == dict.fromkeys(range(5), "good")
    assert all(request.about is None for request in asked)
    assert finding.summary["outcome"] == "no error"


def test_tree_says_nothing_where_the_problem_is_never_solved() -> None:
    finding, asked = run(tree(steps(5), lone()), lambda request, sample: said(WRONG))
    assert len(asked) == 1
    assert values(finding) == {}
    assert set(reasons(finding).values()) == {"no rollout of the bare problem reaches the answer"}


def test_tree_always_solved_problem_still_places_the_error() -> None:
    """The trace is itself a rollout of the bare problem, so its share is below 1."""
    answer: Answerer = lambda request, sample: said(RIGHT if (request.about or 0) < 2 else WRONG)  # noqa: E731
    finding, _ = run(tree(steps(5), lone()), answer)
    assert finding.summary["first_error"] == 2
    assert finding.summary["tree"]["nodes"][0]["mc"] == pytest.approx(8 / 9, abs=1e-6)
    assert finding.summary["self_confidence"] == 1.0, "the pass rate is of what was drawn"


def test_tree_stops_at_its_rollout_budget() -> None:
    finding, asked = run(tree(steps(32), lone(max_rollouts=24, searches=9)), lost_from(20))
    assert sum(request.n for request in asked) == 24
    assert finding.summary["outcome"] == "unplaced"
    assert values(finding) != {}
    assert "bad" not in values(finding).values()
    bracket = {
        position
        for position, reason in reasons(finding).items()
        if reason == "the budget of rollouts was spent before the place of the error was known"
    }
    assert 20 in bracket


def test_tree_stops_at_its_search_limit_and_when_the_pool_is_empty() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return (
            said(RIGHT if sample % 2 else f"path {sample}\n{WRONG}") if not written(request) else said(WRONG)
        )

    limited, _ = run(tree(steps(2), lone(searches=2)), answer)
    assert limited.summary["tree"]["searches"] == 2
    assert limited.summary["tree"]["rollouts_waiting"] > 0
    emptied, asked = run(tree(steps(2), lone(searches=50)), answer)
    assert emptied.summary["tree"]["searches"] == 5, "the trace and four wrong rollouts of the problem"
    assert len(asked) == 1 + 1 + 4


def test_tree_evidence_is_bounded_and_counts_what_it_leaves_out() -> None:
    def answer(request: Request, sample: int) -> Completion:
        path = "".join(f"{request.digest[:6]} {sample} {i} {'z' * 400}\n" for i in range(3))
        return said(RIGHT if sample % 2 else path + WRONG)

    finding, _ = run(tree(steps(3), lone(searches=200, max_rollouts=2000)), answer)
    evidence = finding.summary["tree"]
    assert len(evidence["nodes"]) == 60
    assert evidence["nodes_left_out"] > 0
    assert len(evidence["errors"]) + evidence["errors_left_out"] == evidence["searches"]
    assert any(node["edge"].endswith("more characters]") for node in evidence["nodes"])
    assert max(len(node["edge"]) for node in evidence["nodes"]) < 350


def test_tree_searches_turns_of_a_conversation() -> None:
    kinds = ["action", "observation", "action", "observation", "answer"]
    texts = ["call a\n", "got a\n", "call b\n", "got b\n", WRONG]
    task = TraceTask(
        "p",
        tuple(StepTask(i, text, kind) for i, (text, kind) in enumerate(zip(texts, kinds, strict=True))),
        "42",
    )
    finding, asked = run(tree(task, lone()), lost_from(2))
    assert values(finding) == {0: "good", 2: "bad"}
    assert set(reasons(finding)) == {4}
    probed = next(request for request in asked if request.about == 0)
    assert [(m.role, m.content) for m in probed.messages] == [
        ("user", "p"),
        ("assistant", "call a\n"),
        ("user", "got a\n"),
    ]


def test_extended_goes_on_in_the_open_turn_only() -> None:
    user, half = Message("user", "p"), Message("assistant", "a")
    assert extended((user,), "b") == (user, Message("assistant", "b"))
    assert extended((user, half), "b") == (user, Message("assistant", "ab"))
    assert extended((user,), "") == (user,)


def test_tree_wrong_answer_without_lost_prefix_is_a_choice() -> None:
    finding, _ = run(tree(steps(3), lone(is_wrong_answer_bad=False)), lost_from(3))
    assert values(finding) == {0: "good", 1: "good"}
    assert reasons(finding) == {2: "the final answer is wrong"}


def test_tree_ungraded_answer_is_not_searched() -> None:
    finding, _ = run(tree(steps(3, "and so on"), lone()), lost_from(1))
    assert set(reasons(finding).values()) == {"the final answer is ungradable"}


@pytest.mark.parametrize("pair", list(itertools.product([0, 8], [8, 16])))
def test_tree_bare_problem_is_drawn_once_for_both_uses(pair: tuple[int, int]) -> None:
    sc_samples, k = pair
    finding, asked = run(tree(steps(3), lone(sc_samples=sc_samples, k=k)), lost_from(1))
    assert asked[0].n == max(sc_samples, k) == finding.summary["self_confidence_n"]
    assert sum(request.about is None for request in asked) == 1


@pytest.mark.parametrize(
    ("field", "values_"),
    [
        ("alpha", {"alpha": 0.0}),
        ("beta", {"beta": 1.5}),
        ("length_scale", {"length_scale": 0.0}),
        ("c_puct", {"c_puct": -0.1}),
        ("searches", {"searches": 0}),
        ("max_rollouts", {"max_rollouts": 7}),
        ("k", {"k": 0}),
    ],
)
def test_tree_settings_name_the_field_that_is_wrong(field: str, values_: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        TreeSettings(**values_)
    assert caught.value.field == field


def test_tree_evidence_can_be_stored_as_json() -> None:
    finding, _ = run(tree(steps(6), lone(searches=4)), lost_from(3))
    held = [finding.summary, *(opinion.evidence for opinion in finding.opinions)]
    assert json.loads(json.dumps(held)) == held
