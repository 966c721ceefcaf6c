/* The comparing page by keyboard: a digit answers, Enter goes on. Without this file the form works. */

import { listen } from "./hotkeys.js";
import { gettext, ngettext } from "./words.js";

const HEARTBEAT = 60_000;

const form = document.getElementById("compare");
const verdict = form.querySelector(".verdict");
const state = form.querySelector(".verdict-state");
const leave = document.getElementById("leave");
const questions = [...form.querySelectorAll("[data-question]")];
const sides = [...form.querySelectorAll("[data-side]")];
const token = form.elements.token.value;
const csrf = form.elements.csrfmiddlewaretoken.value;
let focused = -1; // the side whose rank the next digit gives
let isLeaving = false;

/* What a question says: the keys of its levels, a number for each side that has a rank, or words. */
const checked = (question) => [...question.querySelectorAll("[name^=answer-]:checked")];
const values = (question) => checked(question).map((input) => input.value);
const words = (question) => question.querySelector("textarea");
const isRanking = (question) => question.dataset.kind === "ranking";
const ranksOf = (question) => [...form.querySelectorAll(`[data-rank="${question.dataset.question}"]`)];
const hasRank = (ranks) => Boolean(ranks.querySelector(":checked"));

function isAsked(question) {
  const by = questions.find((one) => one.dataset.question === question.dataset.askedBy);
  if (!question.dataset.askedBy) return true;
  return Boolean(by) && isAsked(by) && question.dataset.askedLevels.split(" ").some((level) => values(by).includes(level));
}

function isStarted(question) {
  return isRanking(question) ? ranksOf(question).some(hasRank) : Boolean(checked(question).length || words(question).value.trim());
}

function isAnswered(question) {
  if (isRanking(question)) return ranksOf(question).every(hasRank);
  if (question.dataset.kind === "text") return Boolean(words(question).value.trim());
  const chosen = checked(question);
  const needsWords = chosen.some((input) => "needsText" in input.dataset);
  return Boolean(chosen.length) && (!needsWords || Boolean(words(question).value.trim()));
}

const asked = () => questions.filter(isAsked);
const missing = () => asked().filter((one) => !isAnswered(one) && !("optional" in one.dataset && !isStarted(one)));
const current = () => missing()[0] ?? asked().find((one) => checked(one).length) ?? asked()[0];

function show() {
  for (const question of questions) {
    const isOut = !isAsked(question);
    question.hidden = isOut;
    question.disabled = isOut;
    question.classList.toggle("is-current", asked().length > 1 && question === missing()[0]);
  }
  const left = missing().length;
  verdict.classList.toggle("is-complete", !left);
  const complete = form.dataset.hasShortcuts === "yes" ? gettext("Enter submits") : "";
  state.textContent = left ? ngettext("{n} still to answer", "{n} still to answer", left) : complete;
  if (sides.length === 2) {
    const first = asked().find((one) => one.dataset.left && one.dataset.right);
    const chosen = first ? values(first)[0] : "";
    sides[0].classList.toggle("is-chosen", Boolean(first) && chosen === first.dataset.left);
    sides[1].classList.toggle("is-chosen", Boolean(first) && chosen === first.dataset.right);
  }
}

/* Time counts for the question it was spent on, and only while the page is in front of somebody. */
const clock = {
  spent: 0,
  since: document.hidden ? null : performance.now(),
  turn() {
    if (this.since !== null) this.spent += performance.now() - this.since;
    this.since = document.hidden ? null : performance.now();
  },
  give(question) {
    this.turn();
    const field = question.querySelector("[name^=seconds-]");
    field.value = (Number(field.value || 0) + this.spent / 1000).toFixed(1);
    this.spent = 0;
  },
};
let spoken = null;

function changed(question) {
  clock.give(question);
  spoken = question;
  show();
}

function askReason(question) {
  const reason = question.querySelector("details.reason");
  if (reason) reason.open = true;
  words(question).focus();
}

/* Choose a level, or with tags take it back; then go on to what is open, or to the words that the level needs. */
function choose(question, input) {
  input.checked = input.type === "checkbox" ? !input.checked : true;
  changed(question);
  if (checked(question).some((one) => "needsText" in one.dataset) && !words(question).value.trim()) askReason(question);
}

function pressed(key) {
  const open = [current(), ...asked()].filter(Boolean);
  for (const question of open) {
    const input = [...question.querySelectorAll("[data-hotkey]")].find((one) => one.dataset.hotkey === key);
    if (input) return choose(question, input);
  }
  return false;
}

function choosePlace(name) {
  const question = [current(), ...asked()].find((one) => one?.dataset[name]);
  if (!question) return false;
  return choose(question, question.querySelector(`[name^=answer-][value="${CSS.escape(question.dataset[name])}"]`));
}

function go(to, takesFocus = true) {
  if (!sides.length) return;
  sides[focused]?.classList.remove("is-focused");
  focused = Math.min(Math.max(to, 0), sides.length - 1);
  sides[focused].classList.add("is-focused");
  if (!takesFocus) return;
  sides[focused].focus({ preventScroll: true });
  sides[focused].scrollIntoView({ block: "nearest" });
}

/* The focused side gets a rank, and the next one without is at hand. */
function rank(number) {
  const side = sides[Math.max(focused, 0)];
  const ranks = [...side.querySelectorAll("[data-rank]")];
  const group = ranks.find((one) => !hasRank(one)) ?? ranks[0];
  const input = group?.querySelector(`input[value="${number}"]`);
  if (!input) return false;
  input.checked = true;
  changed(questions.find((one) => one.dataset.question === group.dataset.rank));
  if (ranks.every(hasRank)) {
    const open = sides.findIndex((one) => [...one.querySelectorAll("[data-rank]")].some((one) => !hasRank(one)));
    if (open >= 0) go(open);
  }
}

function submit() {
  const [open] = missing();
  if (open) {
    show();
    if (isRanking(open)) go(sides.findIndex((side) => !hasRank(side.querySelector(`[data-rank="${open.dataset.question}"]`))));
    else if (open.dataset.kind === "text" || checked(open).length) askReason(open);
    else open.querySelector("input").focus();
    return;
  }
  if (!isLeaving) form.requestSubmit(form.querySelector("button[name=submit]"));
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
  if (response && [403, 404, 409].includes(response.status)) location.reload();
}

form.addEventListener("change", ({ target }) => {
  const group = target.closest("[data-rank]")?.dataset.rank;
  const question = target.closest("[data-question]") ?? questions.find((one) => one.dataset.question === group);
  if (question) changed(question);
});
form.addEventListener("input", ({ target }) => {
  if (target.matches("textarea")) show();
});
form.addEventListener("focusin", ({ target }) => {
  const place = sides.indexOf(target.closest("[data-side]"));
  if (place < 0 || place === focused) return;
  sides[focused]?.classList.remove("is-focused");
  focused = place;
  sides[place].classList.add("is-focused");
});
/* Words are done with Escape, or with Control and Enter, which submits. */
form.addEventListener("keydown", (event) => {
  if (!event.target.matches("textarea") || event.isComposing) return;
  if (event.key === "Escape") event.target.blur();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
});
form.addEventListener("submit", (event) => {
  if (isLeaving) {
    event.preventDefault();
    return;
  }
  isLeaving = true;
  if (spoken) clock.give(spoken);
});
document.addEventListener("visibilitychange", () => clock.turn());
// A page that comes back from the browser's memory shows what was there when it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

if (form.dataset.hasShortcuts === "yes") {
  const hotkeys = new Set([...form.querySelectorAll("[data-hotkey]")].map((input) => input.dataset.hotkey).filter(Boolean));
  const keys = { Enter: submit };
  if (form.dataset.skipKey) {
    keys[form.dataset.skipKey] = () => {
      leave.open = true;
      leave.querySelector("textarea").focus();
    };
  }
  if (form.querySelector("[data-rank]")) {
    const next = () => go(focused + 1);
    const previous = () => go(focused - 1);
    Object.assign(keys, { ArrowDown: next, ArrowUp: previous });
    if (form.dataset.nextKey) keys[form.dataset.nextKey] = next;
    if (form.dataset.previousKey) keys[form.dataset.previousKey] = previous;
    sides.forEach((side, place) => {
      keys[side.dataset.side] = () => go(place);
      keys[String(place + 1)] = () => rank(place + 1);
    });
  } else {
    Object.assign(keys, { ArrowLeft: () => choosePlace("left"), ArrowRight: () => choosePlace("right") });
  }
  for (const key of hotkeys) keys[key] = () => pressed(key);
  listen(keys);
}

document.documentElement.classList.add("has-script");
show();
if (form.querySelector("[data-rank]")) go(0, false);
setInterval(beat, HEARTBEAT);
