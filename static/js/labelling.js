/* The labelling page: keys and clicks become answers, answers go to the outbox. Without this file the form works. */

import { listen } from "./hotkeys.js";
import { Outbox } from "./outbox.js";
import { Sheet } from "./sheet.js";

const form = document.getElementById("sheet");
const bar = document.querySelector(".bar");
const spoken = document.getElementById("spoken");
const keys = document.getElementById("keys");
const leave = document.getElementById("leave");
const sheet = new Sheet(form, document.querySelector(".minimap"));
const undoable = [];
let since = performance.now();
let isLeaving = false;

const outbox = new Outbox({
  url: form.dataset.answerUrl,
  token: form.elements.token.value,
  csrf: form.elements.csrfmiddlewaretoken.value,
  store: form.dataset.store,
  onChange: showSaveState,
});

function showSaveState(state, waiting, message) {
  const words = {
    saved: "Saved",
    saving: `Saving ${waiting}`,
    offline: `Offline, ${waiting} waiting`,
    "signed-out": `Signed out, ${waiting} waiting. Sign in again in another tab.`,
    refused: message,
    lost: message,
  };
  const place = bar.querySelector(".save-state");
  place.textContent = words[state];
  place.dataset.state = state;
  if (state !== "saved" && state !== "saving") spoken.textContent = words[state];
}

function showNext() {
  const question = sheet.currentQuestion();
  for (const group of bar.querySelectorAll(".bar-group")) {
    group.hidden = group.dataset.criterion !== question?.dataset.criterion;
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(question && sheet.valueOf(question) === button.dataset.value));
    }
  }
  const open = sheet.missing().length;
  bar.querySelector(".bar-next").textContent = open
    ? `Step ${sheet.index + 1} of ${sheet.steps.length}, ${open} to answer`
    : "All answered. Enter submits and opens the next.";
  bar.classList.toggle("is-complete", open === 0);
}

function post(question, value, before) {
  const position = question.closest(".step")?.dataset.position ?? "";
  const takesWords = !question.querySelector(".levels");
  outbox.add({
    criterion: question.dataset.criterion,
    position,
    value: takesWords ? "" : value,
    text: sheet.textOf(question),
    seconds: ((performance.now() - since) / 1000).toFixed(1),
    ...(value ? {} : { is_cleared: "on" }),
  });
  since = performance.now();
  undoable.push({ question, before });
  sheet.show(question);
  showNext();
}

function answer(value) {
  const question = sheet.currentQuestion();
  if (!question?.querySelector(`input[value="${CSS.escape(value)}"]`)) return;
  const before = sheet.valueOf(question);
  sheet.choose(question, value);
  remembered.set(question, value);
  post(question, value, before);
  spoken.textContent = `Step ${sheet.index + 1}: ${value}`;
  const isStepDone = sheet.questions(sheet.index).every((one) => sheet.valueOf(one));
  if (isStepDone && sheet.index + 1 < sheet.steps.length) sheet.focus(sheet.index + 1);
  else sheet.onFocus();
}

function undo() {
  const last = undoable.pop();
  if (!last) return;
  const now = sheet.valueOf(last.question);
  sheet.choose(last.question, last.before);
  remembered.set(last.question, last.before);
  post(last.question, last.before, now);
  undoable.pop();
  sheet.goTo(last.question);
  spoken.textContent = "Undone";
}

async function submit() {
  const open = sheet.nextMissing();
  if (open) {
    sheet.goTo(open);
    spoken.textContent = `${sheet.missing().length} still to answer`;
    return;
  }
  if (isLeaving || !(await outbox.settle())) return;
  isLeaving = true;
  form.requestSubmit(form.querySelector("button[name=submit]"));
}

// What each question said before a click or a keystroke in the form itself, for undo.
const remembered = new Map();
for (const question of form.querySelectorAll(".question")) remembered.set(question, sheet.valueOf(question));

form.addEventListener("change", ({ target }) => {
  const question = target.closest(".question");
  if (!question) return;
  const value = sheet.valueOf(question);
  const before = remembered.get(question);
  // A note alone is no answer; it travels with the level once there is one.
  if (!value && !before) return;
  remembered.set(question, value);
  post(question, value, before);
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

bar.addEventListener("click", ({ target }) => {
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

sheet.onFocus = () => {
  since = performance.now();
  showNext();
};

function moveBy(count) {
  return () => sheet.focus(sheet.index + count);
}

function askToSkip() {
  leave.open = true;
  leave.querySelector("textarea").focus();
}

if (form.dataset.hasShortcuts === "yes") {
  const levels = [...bar.querySelectorAll("[data-hotkey]")].map((button) => button.dataset.hotkey).filter(Boolean);
  const chooseByKey = (key) => () => {
    const button = bar.querySelector(`.bar-group:not([hidden]) [data-hotkey="${CSS.escape(key)}"]`);
    if (button) answer(button.dataset.value);
  };
  listen({
    j: moveBy(1),
    k: moveBy(-1),
    ArrowDown: moveBy(1),
    ArrowUp: moveBy(-1),
    n: () => sheet.nextMissing() && sheet.goTo(sheet.nextMissing()),
    u: undo,
    s: askToSkip,
    Enter: () => void submit(),
    "?": () => keys.showModal(),
    ...Object.fromEntries(levels.map((key) => [key, chooseByKey(key)])),
  });
}

form.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea")) sheet.step.focus({ preventScroll: true });
});

function showStripWhenScrolled() {
  const strip = document.querySelector(".problem-strip");
  const observer = new IntersectionObserver(([entry]) => {
    strip.hidden = entry.isIntersecting;
  });
  observer.observe(document.getElementById("problem"));
}

async function beat() {
  if (document.hidden || isLeaving) return;
  const response = await fetch(form.dataset.leaseUrl, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body: new URLSearchParams({ token: form.elements.token.value }),
    redirect: "manual",
  }).catch(() => null);
  if (response && [404, 409].includes(response.status)) {
    showSaveState("lost", 0, "Somebody else has this trace now. Your answers are kept.");
  }
}

window.addEventListener("beforeunload", (event) => {
  if (outbox.waiting.length && outbox.state !== "lost") event.preventDefault();
});

document.documentElement.classList.add("has-script");
bar.hidden = false;
showStripWhenScrolled();
setInterval(beat, 60_000);
outbox.send();
sheet.focus(Math.max(0, sheet.steps.indexOf(sheet.missing()[0]?.closest(".step"))), { takesFocus: false });
if (sheet.index > 0) sheet.step.scrollIntoView({ block: "center" });
