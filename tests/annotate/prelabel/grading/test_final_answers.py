from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from annotate.prelabel.contracts import FinishReason
from annotate.prelabel.grading import answers, final_answers
from annotate.prelabel.grading import pool as grading_pool

# (reference, text to grade, outcome); written by hand, reference first as in the call to Math-Verify.
PAIRS = [
    # plain numbers, stated in every supported way
    ("42", "Answer: 42", "right"),
    ("42", "Answer: 42\n", "right"),
    ("42", "so 41 + 1 = 42.\nAnswer: 41", "wrong"),
    ("42", "The answer is 42.", "right"),
    ("42", "**Answer:** 42", "right"),
    ("42", "**Answer**: 42 apples", "right"),
    ("42", "Answer:\n42", "right"),
    ("42", r"Hence \boxed{42}", "right"),
    ("42", r"\boxed{13}, wait, that is wrong: \boxed{42}", "right"),
    ("13", r"\boxed{13}, wait, it is 12", "right"),
    ("42", "7 * 6 = 42\n#### 42", "right"),
    ("42", "42", "right"),
    ("1", "The answer is 11.", "wrong"),
    ("11", "Answer: 1", "wrong"),
    ("1000", "Answer: 1,000", "right"),
    ("1,000", "Answer: 1000", "right"),
    ("1000000", r"\boxed{1{,}000{,}000}", "right"),
    ("7", r"\boxed{7.0}", "right"),
    ("-3", "Answer: -3", "right"),
    ("-3", "Answer: 3", "wrong"),
    ("-3", "Answer: −3", "right"),
    ("0.5", r"\boxed{\frac{1}{2}}", "right"),
    ("1/2", "Answer: 0.5", "right"),
    ("1/3", "Answer: 0.333", "wrong"),
    ("18", "The answer is $18.", "right"),
    ("18", r"The answer is \$18.00", "right"),
    ("5", "Answer: 5 cm", "right"),
    ("25", r"\boxed{25\text{ cm}^2}", "right"),
    ("90", r"\boxed{90^\circ}", "right"),
    # percent signs: equality is not transitive here, and both readings are allowed
    ("50", "Answer: 50%", "right"),
    ("50%", "Answer: 0.5", "right"),
    ("0.5", r"\boxed{50\%}", "right"),
    ("50", "Answer: 0.5", "wrong"),
    # richer than a number: Math-Verify
    (r"\sqrt{12}", r"\boxed{2\sqrt{3}}", "right"),
    (r"\frac{\pi}{2}", r"\boxed{\pi/2}", "right"),
    (r"\pi", r"\boxed{3.14}", "wrong"),
    ("x^2+2x+1", r"\boxed{(x+1)^2}", "right"),
    ("x=5", "Answer: 5", "right"),
    ("5", r"\boxed{x=5}", "right"),
    ("x>1", r"\boxed{(1,\infty)}", "right"),
    (r"(1,\infty)", r"\boxed{x>1}", "right"),
    (r"(1,\infty)", r"\boxed{x<1}", "wrong"),
    ("[0,1]", r"\boxed{(0,1)}", "wrong"),
    (r"\{1,2\}", r"\boxed{1,2}", "right"),
    ("-1,2", r"\boxed{2,-1}", "right"),
    ("12", r"\boxed{12,13}", "wrong"),
    ("1+2i", r"\boxed{2i+1}", "right"),
    (r"3\frac{1}{2}", r"\boxed{3.5}", "right"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\boxed{\begin{pmatrix}1\\3\end{pmatrix}}", "wrong"),
    # multiple choice and words
    ("B", "The answer is (B).", "right"),
    ("(B)", r"\boxed{\text{B}}", "right"),
    ("B", "Answer: C", "wrong"),
    ("B", "Answer: B) 17 cm", "right"),
    ("B", "Answer: 17", "ungradable"),
    ("Monday", "Answer: monday.", "right"),
    ("Monday", "Answer: the first day", "ungradable"),
    ("yes", r"\boxed{\text{No}}", "wrong"),
    # what cannot be read is nobody's mistake
    ("12", r"Hence \boxed{12", "ungradable"),
    (
        "12",
        "so there are 12 apples left and we are done with this part of it",
        "ungradable",
    ),
    ("12", "", "ungradable"),
    ("12", r"\boxed{}", "ungradable"),
    ("x + 1", "So be it.", "ungradable"),
    ("42", "is it so", "ungradable"),
    ("12", "Answer: twelve", "ungradable"),
    ("2000000", "Answer: 2 million", "ungradable"),
    ("42", "Answer: 42 or 43", "ungradable"),
    ("", "Answer: 42", "ungradable"),
    ("@@", "Answer: 42", "ungradable"),
    ("1/0", "Answer: 42", "ungradable"),
]


@pytest.mark.parametrize(("reference", "text", "outcome"), PAIRS)
def test_grade_hand_written_pair(reference: str, text: str, outcome: str) -> None:
    assert final_answers.grade(text, reference) == outcome


@pytest.mark.parametrize(
    ("finish", "outcome"),
    [
        ("length", "truncated"),
        ("error", "ungradable"),
        ("timeout", "ungradable"),
        ("refused", "ungradable"),
    ],
)
def test_grade_unfinished_text_is_never_evidence(finish: FinishReason, outcome: str) -> None:
    assert final_answers.grade("Answer: 42", "42", finish_reason=finish) == outcome
    assert final_answers.grade("Answer: 41", "42", finish_reason=finish) == outcome


def test_grade_reference_may_be_a_worked_solution() -> None:
    assert final_answers.grade("Answer: 42", "6 * 7 = <<6*7=42>>42\n#### 42") == "right"
    assert final_answers.grade("Answer: 42", "a long text\nwithout a stated answer") == "ungradable"


def test_grade_oversized_input_is_ungradable_without_asking_the_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grading_pool, "ask_child", lambda *_: pytest.fail("asked"))
    assert final_answers.grade("x" * (answers.MAX_TEXT + 1), "42") == "ungradable"
    assert final_answers.grade("\\boxed{" + "x+" * answers.MAX_ANSWER + "1}", "42") == "ungradable"


def test_grade_hostile_expression_is_killed_and_the_next_one_still_graded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert final_answers.grade(r"\boxed{2\sqrt{5}}", r"\sqrt{20}") == "right"
    monkeypatch.setattr(final_answers, "DEADLINE_SECONDS", 1.0)
    started = time.monotonic()
    assert final_answers.grade(r"\boxed{9^{9^{9^{9}}}!}", r"8^{8^{8^{8}}}!") == "ungradable"
    assert time.monotonic() - started < 30
    monkeypatch.undo()
    assert final_answers.grade(r"\boxed{3\sqrt{5}}", r"\sqrt{45}") == "right"


def test_pool_child_that_does_not_answer_in_time_is_replaced() -> None:
    pool = grading_pool.GradingPool(size=1)
    try:
        with pytest.raises(grading_pool.ChildFailed):
            pool.ask(r"\sqrt{2}", r"\sqrt{3}", 0.0)
        assert pool.ask(r"\sqrt{8}", r"2\sqrt{2}", 30.0) == "right"
    finally:
        pool.close()


def test_pool_close_stops_every_child() -> None:
    pool = grading_pool.GradingPool(size=2)
    # Both slots are taken at once, as by two threads, so that both get a child.
    held = [pool._slots.get() or grading_pool.Child() for _ in range(2)]
    for child in held:
        pool._slots.put(child)
    pool.close()
    for child in held:
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)


def test_grade_works_in_threads() -> None:
    outcomes: list[str] = []
    threads = [
        threading.Thread(
            target=lambda n=n: outcomes.append(final_answers.grade(rf"\boxed{{\sqrt{{{n}}}}}", "x+1"))
        )
        for n in (21, 22, 23)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["wrong"] * 3


def test_grade_after_a_fork_uses_a_child_of_its_own() -> None:
    script = (
        "import os\n"
        "from annotate.prelabel.grading import final_answers\n"
        "assert final_answers.grade(r'\\boxed{\\sqrt{8}}', r'2\\sqrt{2}') == 'right'\n"
        "pid = os.fork()\n"
        "outcome = final_answers.grade(r'\\boxed{\\sqrt{18}}', r'3\\sqrt{2}')\n"
        "if pid == 0: os._exit(0 if outcome == 'right' else 1)\n"
        "_, status = os.waitpid(pid, 0)\n"
        "assert outcome == 'right' and status == 0, (outcome, status)\n"
        "assert final_answers.grade(r'\\boxed{\\sqrt{50}}', r'5\\sqrt{2}') == 'right'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=dict(os.environ), timeout=240, check=False)
    assert done.returncode == 0
