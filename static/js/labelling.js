/* The labelling page: keys and clicks become answers, answers go to the outbox. Without this file the form works. */

import { Bar } from "./bar.js";
import { ConflictDialog } from "./conflict.js";
import { listen } from "./hotkeys.js";
import { Outbox } from "./outbox.js";
import { Sheet } from "./sheet.js";

const HEARTBEAT = 60_000;

const form = document.getElementById("sheet");
const keys = document.getElementById("keys");
const leave = document.getElementById("leave");
const token = form.elements.token.value;
const csrf = form.elements.csrfmiddlewaretoken.value;
const sheet = new Sheet(form, document.querySelector(".minimap"));
const bar = new Bar(document.querySelector(".bar"), document.getElementById("spoken"));
const conflict = new ConflictDialog(document.getElementById("conflict"), {
  nameOf: nameConflict,
  onDecision: decide,
});
const outbox = new Outbox({
  url: form.dataset.answerUrl,
  token: Number(token),
  csrf,
  store: form.dataset.store,
  seen: Number(form.elements.seen.value),
  onChange: (...state) => bar.showSaveState(...state),
  onConflict: (one) => conflict.ask(one),
});

const undoable = [];
// What each question said before the change at hand: a form reports only what it says now.
const before = new Map();
for (const question of sheet.asked) before.set(question, sheet.valueOf(question));
let since = performance.now();
let isLeaving = false;

/* Send what the question says now. */
function post(question) {
  const value = sheet.valueOf(question);
  const position = question.closest(".step")?.dataset.position;
  outbox.add({
    criterion: Number(question.dataset.criterion),
    position: position === undefined ? null : Number(position),
    value: question.querySelector(".levels") ? value : "",
    text: sheet.textOf(question),
    seconds: Math.round((performance.now() - since) / 100) / 10,
    is_cleared: !value,
  });
  since = performance.now();
  before.set(question, value);
  sheet.show(question);
  bar.showNext(sheet);
}

/* The focused step's open question gets a level, and reading goes on at the next step. */
function answer(value) {
  const question = sheet.currentQuestion();
  if (!question?.querySelector(`input[value="${CSS.escape(value)}"]`)) return;
  undoable.push([question, sheet.valueOf(question)]);
  sheet.choose(question, value);
  post(question);
  bar.say(`Step ${sheet.index + 1}: ${value}`);
  const isStepDone = sheet.questions(sheet.index).every((one) => sheet.valueOf(one));
  if (isStepDone) sheet.focus(sheet.index + 1);
}

function undo() {
  if (!undoable.length) return;
  const [question, value] = undoable.pop();
  sheet.choose(question, value);
  post(question);
  sheet.goTo(question);
  bar.say("Undone");
}

/* An answer in words: the level's title, or what was written. */
function wordsFor(question, value, text) {
  const titles = value
    .split(" ")
    .filter(Boolean)
    .map((key) => question?.querySelector(`input[value="${CSS.escape(key)}"]`)?.closest("label").textContent.trim() ?? key);
  return [titles.join(", "), text].filter(Boolean).join(": ") || "No answer";
}

function nameConflict(mine, value, text) {
  const question = sheet.questionAt(mine.criterion, mine.position);
  return {
    place: mine.position === null ? "The whole trace" : `Step ${mine.position + 1}`,
    here: mine.is_cleared ? "No answer" : wordsFor(question, mine.value, mine.text),
    there: wordsFor(question, value, text),
  };
}

/* The person has looked at both sides of a conflict. */
function decide({ mine, value, text, ...rest }, isMine) {
  const question = sheet.questionAt(mine.criterion, mine.position);
  if (question) {
    sheet.put(question, isMine ? mine.value : value, isMine ? mine.text : text);
    before.set(question, sheet.valueOf(question));
    bar.showNext(sheet);
  }
  outbox.resolve(outbox.conflicts.find(({ id }) => id === rest.id), isMine);
}

async function submit() {
  const [open] = sheet.missing();
  if (open) {
    sheet.goTo(open);
    bar.say(`${sheet.missing().length} still to answer`);
    return;
  }
  if (isLeaving || !(await outbox.settle())) {
    conflict.remind();
    return;
  }
  isLeaving = true;
  form.requestSubmit(form.querySelector("button[name=submit]"));
}

function askToSkip() {
  leave.open = true;
  leave.querySelector("textarea").focus();
}

/* Keep the lease while the page is in front of somebody. */
async function beat() {
  if (document.hidden || isLeaving) return;
  const response = await fetch(form.dataset.leaseUrl, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": csrf },
    body: new URLSearchParams({ token }),
    redirect: "manual",
  }).catch(() => null);
  if (response && [404, 409].includes(response.status)) {
    bar.showSaveState("lost", 0, "Somebody else has this trace now. Your answers are kept.");
  }
}

form.addEventListener("change", ({ target }) => {
  const question = target.closest(".question");
  if (!question) return;
  sheet.show(question);
  const earlier = before.get(question);
  // A note alone is no answer; it travels with the level once there is one.
  if (!sheet.valueOf(question) && !earlier) return;
  undoable.push([question, earlier]);
  post(question);
});

form.addEventListener("focusin", ({ target }) => {
  const index = sheet.steps.indexOf(target.closest(".step"));
  if (index >= 0 && index !== sheet.index) sheet.focus(index, { takesFocus: false });
});

form.addEventListener("submit", (event) => {
  if (isLeaving) return;
  event.preventDefault();
  submit();
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea")) sheet.step.focus({ preventScroll: true });
});

bar.element.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.value) answer(button.dataset.value);
  if (button?.dataset.opens === "keys") keys.showModal();
});

document.querySelector(".minimap").addEventListener("click", (event) => {
  const index = sheet.links.indexOf(event.target.closest("a"));
  if (index < 0) return;
  event.preventDefault();
  sheet.focus(index);
});

window.addEventListener("beforeunload", (event) => {
  if (outbox.waiting.length && outbox.state !== "lost") event.preventDefault();
});

if (form.dataset.hasShortcuts === "yes") {
  const next = () => sheet.focus(sheet.index + 1);
  const previous = () => sheet.focus(sheet.index - 1);
  const levels = [...bar.hotkeys].map((key) => [key, () => answer(bar.levelOf(key) ?? "")]);
  listen({
    j: next,
    k: previous,
    ArrowDown: next,
    ArrowUp: previous,
    n: () => sheet.goTo(sheet.nextMissing()),
    u: undo,
    s: askToSkip,
    Enter: () => void submit(),
    "?": () => keys.showModal(),
    ...Object.fromEntries(levels),
  });
}

const strip = document.querySelector(".problem-strip");
new IntersectionObserver(([problem]) => {
  strip.hidden = problem.isIntersecting;
}).observe(document.getElementById("problem"));

sheet.onFocus = () => {
  since = performance.now();
  bar.showNext(sheet);
};
document.documentElement.classList.add("has-script");
const [open] = sheet.missing();
const start = Math.max(0, sheet.steps.indexOf(open?.closest(".step")));
sheet.focus(start, { takesFocus: false });
if (start > 0) sheet.step.scrollIntoView({ block: "center" });
bar.show();
outbox.start();
setInterval(beat, HEARTBEAT);
