/* The review page by keyboard: from disagreement to disagreement, a digit decides. Without this file the form works. */

import { listen } from "./hotkeys.js";
import { gettext } from "./words.js";

const form = document.getElementById("review");
const stops = [...form.querySelectorAll("[data-stop]")].filter((stop) => stop.querySelector("[data-disputed]"));
const state = form.querySelector(".review-state");
let index = -1;
let isLeaving = false;
let isChanged = false;

const disputed = (stop) => [...stop.querySelectorAll("[data-disputed]")];
const isChosen = (matter) =>
  Boolean(matter.querySelector("[name^=decide-]:checked")) || [...matter.querySelectorAll("select")].some((one) => one.value);
const isDecided = (matter) => isChosen(matter) && !matter.querySelector("[name^=back-]:checked");
const openIn = (stop) => disputed(stop).filter((matter) => !isDecided(matter));
const focusIn = (stop) => openIn(stop)[0] ?? disputed(stop)[0];

function show() {
  const all = stops.flatMap(disputed);
  const open = all.filter((matter) => !isDecided(matter)).length;
  if (!all.length) return;
  state.textContent = open
    ? gettext("{open} of {all} to decide", { open, all: all.length })
    : gettext("All {all} decided: Enter saves", { all: all.length });
}

function go(to) {
  if (!stops.length) return;
  stops[index]?.classList.remove("is-focused");
  index = Math.min(Math.max(to, 0), stops.length - 1);
  const stop = stops[index];
  stop.classList.add("is-focused");
  stop.focus({ preventScroll: true });
  stop.scrollIntoView({ block: "center" });
}

/* A digit decides the focused step's open question; then the next open one is at hand, here or further down. */
function decide(key) {
  const matter = stops[index] && focusIn(stops[index]);
  const input = matter?.querySelector(`[name^=decide-][data-hotkey="${CSS.escape(key)}"]`);
  if (!input) return false;
  input.checked = input.type === "checkbox" ? !input.checked : true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  if (input.type === "checkbox") return true;
  const isSupported = [...matter.querySelectorAll(".voice")].some((voice) => voice.dataset.value === input.value);
  if (!isSupported) matter.querySelector("[name^=reason-]").focus();
  else if (!openIn(stops[index]).length) nextOpen();
  return true;
}

function nextOpen() {
  const later = stops.findIndex((stop, place) => place > index && openIn(stop).length);
  if (later >= 0) go(later);
}

form.addEventListener("change", () => {
  isChanged = true;
  show();
});

form.addEventListener("focusin", ({ target }) => {
  const place = stops.indexOf(target.closest("[data-stop]"));
  if (place < 0 || place === index) return;
  stops[index]?.classList.remove("is-focused");
  index = place;
  stops[index].classList.add("is-focused");
});

/* Enter in a reason is done with the reason, not with the trace. */
form.addEventListener("keydown", (event) => {
  if (!event.target.matches("[name^=reason-]") || event.isComposing) return;
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  const stop = event.target.closest("[data-stop]");
  if (!stop || !stops.includes(stop)) event.target.blur();
  else stop.focus({ preventScroll: true });
  if (event.key === "Enter" && stops[index] && !openIn(stops[index]).length) nextOpen();
});

/* "Comment" below a step keeps what is not saved yet: the form at the end of the page is told the step instead. */
form.addEventListener("click", (event) => {
  const link = event.target.closest("[data-about]");
  if (!link) return;
  event.preventDefault();
  const words = document.getElementById("comment-form").elements;
  words.about.value = link.dataset.about;
  words.text.focus();
});

form.addEventListener("submit", () => {
  isLeaving = true;
});

window.addEventListener("beforeunload", (event) => {
  if (isChanged && !isLeaving) event.preventDefault();
});

if (form.dataset.hasShortcuts === "yes") {
  const digits = new Set([...form.querySelectorAll("[data-hotkey]")].map((input) => input.dataset.hotkey).filter(Boolean));
  listen({
    ...Object.fromEntries([...digits].map((key) => [key, () => decide(key)])),
    j: () => go(index + 1),
    k: () => go(index - 1),
    ArrowDown: () => go(index + 1),
    ArrowUp: () => go(index - 1),
    r: () => stops[index] && disputed(stops[index]).at(-1).querySelector("[name^=reason-]").focus(),
    Enter: () => {
      if (!isLeaving) form.requestSubmit(form.querySelector("button[name=next]"));
    },
  });
  const hint = form.querySelector(".keys-hint");
  if (hint) hint.hidden = false;
}

const first = stops.findIndex((stop) => openIn(stop).length);
if (stops.length && !location.hash) go(Math.max(0, first));
show();
