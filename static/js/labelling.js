/* The labelling page: keys and clicks become answers, answers go to the outbox. Without this file the form works. */

import { Answering } from "./answering.js";
import { Bar } from "./bar.js";
import { ConflictDialog } from "./conflict.js";
import { enlargeImages } from "./enlarge.js";
import { Find } from "./find.js";
import { Folds } from "./folds.js";
import { listen } from "./hotkeys.js";
import { Outbox } from "./outbox.js";
import { ReportDialog } from "./report.js";
import { Rest } from "./rest.js";
import { Sheet } from "./sheet.js";
import { gettext, ngettext } from "./words.js";

const HEARTBEAT = 60_000;

const form = document.getElementById("sheet");
const keys = document.getElementById("keys");
const leave = document.getElementById("leave");
const token = form.elements.token.value;
const csrf = form.elements.csrfmiddlewaretoken.value;
const sheet = new Sheet(form, document.querySelector(".minimap"));
const bar = new Bar(document.querySelector(".bar"), document.getElementById("spoken"));
const folds = new Folds();
folds.add(sheet.steps);
const find = new Find(document.getElementById("find"), sheet, folds);
const conflict = new ConflictDialog(document.getElementById("conflict"), sheet, (one, isMine) => {
  const question = sheet.questionAt(one.mine);
  const stands = isMine ? one.mine : one;
  if (question) answering.settle(question, stands.value, stands.text);
  outbox.resolve(one, isMine);
});
const outbox = new Outbox({
  url: form.dataset.answersUrl,
  token: Number(token),
  csrf,
  store: form.dataset.store,
  seen: Number(form.elements.seen.value),
  boundary: Number(form.elements.boundary.value),
  onChange: (...state) => bar.showSaveState(...state),
  onConflict: (one) => conflict.ask(one),
  onRecut: () => void loadAgain(),
});
const answering = new Answering(sheet, bar, outbox);
const report = new ReportDialog(document.getElementById("report"), csrf, (told) => bar.say(told));
let isLeaving = false;
let isLoading = false;
const showMore = (steps) => {
  sheet.add(steps);
  answering.know();
  folds.add(steps);
  find.refresh();
  bar.showNext(sheet);
};
const rest = new Rest(form.querySelector(".steps"), showMore, () => void loadAgain());

/* Somebody has split or merged steps: what is being written is sent first, then the page shows the steps as they are. */
async function loadAgain() {
  if (isLoading || isLeaving) return;
  isLoading = true;
  document.activeElement?.blur();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await outbox.settle();
  try {
    sessionStorage.setItem("gradus.recut", form.dataset.store);
  } catch {
    // The page says so all the same, only once it is looked at.
  }
  isLeaving = true;
  location.reload();
}

function tellRecut() {
  // Loaded again is the only way to come here from there.
  if (performance.getEntriesByType("navigation")[0]?.type !== "reload") return;
  let was = null;
  try {
    was = sessionStorage.getItem("gradus.recut");
    sessionStorage.removeItem("gradus.recut");
  } catch {
    return;
  }
  if (was !== form.dataset.store) return;
  const note = document.createElement("p");
  note.className = "message";
  note.setAttribute("role", "status");
  note.textContent = gettext(
    "A reviewer has split or merged steps of this trace. Your answers are kept where they still fit; where they do not, you see them beside the step.",
  );
  form.before(note);
}

async function submit() {
  if (sheet.isPartial) {
    bar.say(gettext("The last steps are still on their way"));
    await rest.all();
  }
  const [open] = sheet.missing();
  if (open) {
    sheet.goTo(open);
    bar.say(ngettext("{n} still to answer", "{n} still to answer", sheet.missing().length));
    return;
  }
  if (isLeaving) return;
  if (!(await outbox.settle())) {
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

/* Put the cursor where words about the focused step go: the question of this kind, or the note on its first answer. */
function write(what) {
  if (sheet.write(what)) return;
  bar.say(what === "note" ? gettext("There is no place for a note here") : gettext("This rubric does not ask for that here"));
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
    bar.showSaveState("lost", 0, gettext("Somebody else has this trace now. Your answers are kept."));
  }
  const body = response?.ok ? await response.json().catch(() => null) : null;
  if (body?.boundary && body.boundary !== outbox.boundary && !outbox.waiting.length) void loadAgain();
}

form.addEventListener("change", ({ target }) => {
  const question = target.closest(".question");
  if (question) answering.changed(question);
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
  if (button?.dataset.value) answering.answer(button.dataset.value);
  if (button?.dataset.opens === "keys") keys.showModal();
  if (button?.dataset.opens === "report") report.open(sheet);
});

document.querySelector(".minimap").addEventListener("click", (event) => {
  const number = sheet.links.indexOf(event.target.closest("a"));
  if (number < 0) return;
  event.preventDefault();
  sheet.goToStep(number);
});

window.addEventListener("beforeunload", (event) => {
  if (outbox.waiting.length && outbox.state !== "lost") event.preventDefault();
});

// A page that comes back from the browser's memory shows what was there when it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

if (form.dataset.hasShortcuts === "yes") {
  const does = {
    next: () => sheet.next(),
    previous: () => sheet.focus(sheet.index - 1),
    missing: () => sheet.goToMissing(),
    first_error: () => answering.markFirstError(),
    correct: () => write("correction"),
    critique: () => write("text"),
    note: () => write("note"),
    report: () => report.open(sheet),
    undo: () => answering.undo(),
    skip: askToSkip,
    unfold: () => folds.toggle(sheet.step),
    find: () => find.open(),
    sheet: () => keys.showModal(),
  };
  const chosen = Object.entries(JSON.parse(form.dataset.keys)).map(([name, key]) => [key, does[name]]);
  const levels = [...bar.hotkeys].map((key) => [key, () => answering.answer(bar.levelOf(key) ?? "")]);
  const fixed = { ArrowDown: does.next, ArrowUp: does.previous, Enter: () => void submit() };
  listen({ ...Object.fromEntries(chosen), ...fixed, ...Object.fromEntries(levels) });
}

const strip = document.querySelector(".problem-strip");
new IntersectionObserver(([problem]) => {
  strip.hidden = problem.isIntersecting;
}).observe(document.getElementById("problem"));

sheet.onFocus = () => {
  answering.restartClock();
  bar.showNext(sheet);
};
sheet.onWait = async (number) => {
  bar.showNext(sheet);
  bar.say(gettext("Step {n} is still on its way", { n: number + 1 }));
  await rest.upTo(number);
  if (number < sheet.n) sheet.focus(number);
};
document.documentElement.classList.add("has-script");
const [open] = sheet.missing();
const start = Math.max(0, sheet.placeOf(open));
sheet.focus(start, { takesFocus: false });
if (start > 0) sheet.step.scrollIntoView({ block: "center" });
bar.show();
enlargeImages();
tellRecut();
// Once the page has been drawn.
setTimeout(() => outbox.start(), 100);
setInterval(beat, HEARTBEAT);
