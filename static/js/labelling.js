/* The labelling page: keys and clicks become answers, answers go to the outbox. Without this file the form works. */

import { Bar } from "./bar.js";
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
const outbox = new Outbox({
  url: form.dataset.answerUrl,
  token,
  csrf,
  store: form.dataset.store,
  onChange: (...state) => bar.showSaveState(...state),
});

const undoable = [];
// What each question said before the change at hand: a form reports only what it says now.
const before = new Map();
for (const question of sheet.asked) before.set(question, sheet.valueOf(question));
let since = performance.now();
let isLeaving = false;

/* Send what the question says now. `isFilled`: along with an error further on. */
function post(question, isFilled = false) {
  const value = sheet.valueOf(question);
  outbox.add({
    criterion: question.dataset.criterion,
    position: question.closest(".step")?.dataset.position ?? "",
    candidate: question.dataset.candidate ?? "",
    value: sheet.sentValueOf(question),
    text: sheet.textOf(question),
    seconds: ((performance.now() - since) / 1000).toFixed(1),
    ...(value ? {} : { is_cleared: "on" }),
    ...(isFilled ? { is_filled: "on" } : {}),
  });
  since = performance.now();
  before.set(question, value);
  sheet.show(question);
  bar.showNext(sheet);
}

/* The open question gets a level, and reading goes on at what is open next. */
function answer(level) {
  const question = sheet.currentQuestion();
  const value = question ? sheet.pressed(question, level) : null;
  if (value === null) return;
  undoable.push([question, sheet.valueOf(question)]);
  sheet.choose(question, value);
  post(question);
  fill(question);
  bar.say(`${sheet.where}: ${value}`);
  sheet.goOn();
}

/* The steps answered along with an error, which one undo takes back with it. */
function fill(question) {
  for (const other of sheet.fillBefore(question)) {
    undoable.at(-1).push(other);
    post(other, true);
  }
}

function undo() {
  if (!undoable.length) return;
  const [question, value, ...filled] = undoable.pop();
  for (const [other, said] of [[question, value], ...filled.map((other) => [other, ""])]) {
    sheet.choose(other, said);
    post(other);
  }
  sheet.goTo(question);
  bar.say("Undone");
}

async function submit() {
  const [open] = sheet.missing();
  if (open) {
    sheet.goTo(open);
    bar.say(`${sheet.missing().length} still to answer`);
    return;
  }
  if (isLeaving || !(await outbox.settle())) return;
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
  fill(question);
});

form.addEventListener("focusin", ({ target }) => {
  const index = sheet.placeOf(target);
  if (index >= 0 && index !== sheet.index) sheet.focus(index, { takesFocus: false });
  else if (target.closest(".question")) bar.showNext(sheet);
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
const start = Math.max(0, sheet.placeOf(open));
sheet.focus(start, { takesFocus: false });
if (start > 0) sheet.step.scrollIntoView({ block: "center" });
bar.show();
outbox.send();
setInterval(beat, HEARTBEAT);
