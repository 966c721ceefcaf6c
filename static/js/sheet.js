/* The steps on the page: which one is in focus, what is asked, what has been answered, what is still missing. */

import { rollUp } from "./rollup.js";
import { gettext } from "./words.js";

const MARKS = new Set(["good", "neutral", "bad", "unsure"]);

function showMark(svg, value) {
  const name = !value ? "none" : MARKS.has(value) ? value : "other";
  svg.setAttribute("class", `mark mark-${name}`);
  svg.querySelector("use").setAttribute("href", `#mark-${name}`);
}

/* The level keys chosen, or the words written; empty when nothing is. A correction nobody touched is the step itself. */
function read(question) {
  if (!question.querySelector(".levels")) {
    const { value, defaultValue, dataset } = question.querySelector("textarea");
    return "untouched" in dataset && value.trim() === defaultValue.trim() ? "" : value.trim();
  }
  const chosen = [...question.querySelectorAll("input:checked, select")].map(({ value }) => value);
  const value = chosen.filter(Boolean).sort().join(" ");
  // One's own continuation is an answer once it is written.
  if ("pick" in question.dataset && value === OWN && !question.querySelector("textarea").value.trim()) return "";
  return value;
}

const OWN = "own";
const tagsIn = (value) => value.split(" ").map((part) => part.split(":")[0]);

export class Sheet {
  constructor(form, minimap) {
    this.minimap = minimap;
    this.whole = form.querySelector(".whole");
    this.links = [...minimap.querySelectorAll("a")];
    // How many steps the trace has; of a long one the page may still be without the last.
    this.total = this.links.length - (this.whole ? 1 : 0);
    // Where one can be: at each step, and at the end at the trace as a whole.
    this.steps = this.whole ? [this.whole] : [];
    // Read once and kept: a trace of 500 steps is asked what is missing at every key.
    this.values = new Map();
    this.places = new Map();
    this.chosen = new Map();
    this.index = 0;
    this.onFocus = () => {};
    this.onWait = () => {};
    this.add([...form.querySelectorAll(".step")]);
    this.index = 0;
  }

  /* Steps that have come into the page behind those that are there. */
  add(steps) {
    const isAtWhole = this.step === this.whole;
    this.steps.splice(this.n, 0, ...steps);
    if (isAtWhole) this.index = this.steps.length - 1;
    this.asked = this.steps.flatMap((_, index) => this.questions(index));
    this.given = this.steps.flatMap((step) => [...step.querySelectorAll(".candidates")]);
    for (const question of this.asked) {
      if (this.values.has(question)) continue;
      this.#read(question);
      this.places.set(question, question.closest(".step, .whole"));
    }
    this.byCriterion = this.#inOrder();
    this.conditions = this.#conditions();
    this.#ask();
  }

  /* How many steps are on the page. */
  get n() {
    return this.whole ? this.steps.length - 1 : this.steps.length;
  }

  get isPartial() {
    return this.n < this.total;
  }

  get step() {
    return this.steps[this.index];
  }

  /* "Step 3 of 8", in words for the bar. */
  get where() {
    if (this.step === this.whole) return gettext("The whole trace");
    return gettext("Step {n} of {all}", { n: this.index + 1, all: this.total });
  }

  placeOf(element) {
    return this.steps.indexOf(element?.closest(".step, .whole"));
  }

  focus(index, { takesFocus = true } = {}) {
    if (index < 0) return;
    if (index >= this.steps.length) {
      this.onFocus();
      return;
    }
    this.step.classList.remove("is-focused");
    this.#link?.removeAttribute("aria-current");
    this.index = index;
    this.held = null;
    this.step.classList.add("is-focused");
    const link = this.#link;
    link?.setAttribute("aria-current", "step");
    // With the next frame, which lays the page out anyway.
    if (link) requestAnimationFrame(() => this.#bringIntoMap(link));
    // What is written comes before what is measured: the page is laid out once.
    this.onFocus();
    if (!takesFocus) return;
    this.step.focus({ preventScroll: true });
    const isTall = this.step.offsetHeight > window.innerHeight * 0.7;
    this.step.scrollIntoView({ block: isTall ? "start" : "nearest" });
  }

  /* To a step by its number from 0, also one that is not on the page yet; behind the last is the trace as a whole. */
  goToStep(number) {
    if (number < this.n) this.focus(number);
    else if (number < this.total) this.onWait(number);
    else if (number === this.total && this.whole) this.focus(this.n);
    else this.onFocus();
  }

  next() {
    this.goToStep(this.step === this.whole ? this.total + 1 : this.index + 1);
  }

  get #link() {
    return this.step === this.whole ? this.links[this.total] : this.links[this.index];
  }

  #bringIntoMap(link) {
    const { top, height } = this.minimap.getBoundingClientRect();
    this.minimap.scrollTop += link.getBoundingClientRect().top - top - height / 2;
  }

  questions(index) {
    return [...this.steps[index].querySelectorAll(".question")];
  }

  /* The question that a key answers: the one that holds the focus, else the first one open here, else the first. */
  currentQuestion() {
    const here = this.questions(this.index).filter((question) => !question.hidden);
    const focused = document.activeElement?.closest(".question");
    if (here.includes(focused)) return focused;
    if (here.includes(this.held)) return this.held;
    const open = new Set(this.missing());
    return here.find((question) => open.has(question)) ?? here[0];
  }

  valueOf(question) {
    return this.values.get(question);
  }

  /* The value as the server takes it: words have none, and neither has one's own continuation. */
  sentValueOf(question) {
    const value = this.valueOf(question);
    return question.querySelector(".levels") && !("pick" in question.dataset && value === OWN) ? value : "";
  }

  textOf(question) {
    const { value, dataset } = question.querySelector("textarea");
    // A step rewritten may begin with an indentation that means something.
    return "correction" in dataset ? value : value.trim();
  }

  questionAt({ criterion, position, candidate }) {
    if (candidate) {
      const rated = `[data-criterion="${criterion}"][data-candidate="${candidate}"]`;
      return this.asked.find((question) => question.matches(rated));
    }
    return this.asked.find(
      (question) =>
        Number(question.dataset.criterion) === criterion &&
        (question.closest(".step")?.dataset.position ?? null) === (position === null ? null : String(position)),
    );
  }

  /* Level keys and words together, as they stand in another window or have been sent from this one. */
  put(question, value, text) {
    question.querySelector("textarea").value = text;
    this.choose(question, "pick" in question.dataset && text && !value ? OWN : value);
  }

  /* Put the cursor where words go at the focused step: a question of kind `what`, or for "note" the note on its first
     answer. Returns whether there was such a place. */
  write(what) {
    const isMeant = (one) => (what === "note" ? one.querySelector(".note") : one.dataset.kind === what);
    const question = this.questions(this.index).find((one) => !one.hidden && isMeant(one));
    const area = question?.querySelector("textarea");
    if (!area) return false;
    const note = area.closest("details");
    if (note) note.open = true;
    area.focus();
    return true;
  }

  choose(question, value) {
    const chosen = new Set(value.split(" "));
    for (const input of question.querySelectorAll("input")) input.checked = chosen.has(input.value);
    for (const select of question.querySelectorAll("select")) {
      select.value = [...select.options].find((option) => chosen.has(option.value))?.value ?? "";
    }
    this.show(question);
  }

  /* What a level's key makes of the question: a tag comes, gets worse or goes; one level takes another's place. */
  pressed(question, level) {
    const tag = question.querySelector(`select[data-tag="${CSS.escape(level)}"]`);
    if (tag) {
      const next = tag.options[(tag.selectedIndex + 1) % tag.options.length].value;
      const others = tagsIn(this.valueOf(question)).filter((one) => one && one !== level);
      const kept = this.valueOf(question).split(" ").filter((part) => others.includes(part.split(":")[0]));
      this.held = question;
      return [...kept, next].filter(Boolean).sort().join(" ");
    }
    const input = question.querySelector(`input[value="${CSS.escape(level)}"]`);
    if (!input) return null;
    if (input.type === "radio") return level;
    this.held = question;
    const tags = new Set(this.valueOf(question).split(" ").filter(Boolean));
    if (!tags.delete(level)) tags.add(level);
    return [...tags].sort().join(" ");
  }

  /* The open steps before an error, where the question says that they are answered along with it; they are now. */
  fillBefore(question) {
    if (!question.dataset.fill || !this.#has(question, "error")) return [];
    const same = this.byCriterion.find((questions) => questions.includes(question));
    const open = same.slice(0, same.indexOf(question)).filter((other) => !this.valueOf(other));
    for (const other of open) this.choose(other, question.dataset.fill);
    return open;
  }

  /* Where to go on after an answer: to what is open here, in words or by key, else to the next place. */
  goOn() {
    const open = this.missing();
    const here = open.find((question) => this.places.get(question) === this.step);
    const words = here && this.#wordsWanted(here);
    if (words) words.focus();
    if (here || this.held) this.onFocus();
    else this.goToStep(this.#nextAsked());
  }

  /* Take note of what the question says now, and show it in margin and minimap. */
  show(question) {
    this.#read(question);
    this.#ask();
    if ("pick" in question.dataset && !this.valueOf(question)) this.#wordsWanted(question)?.focus();
    const index = this.placeOf(question);
    if (index < 0 || this.steps[index] === this.whole) return;
    if (question !== this.questions(index).find((one) => !one.dataset.candidate)) return;
    const value = this.valueOf(question);
    showMark(this.marginMark(index), value);
    showMark(this.#mapMark(index), value);
    this.links[index].ariaLabel = gettext("Step {n}", { n: index + 1 }) + (value ? `: ${value}` : "");
  }

  /* The shape at the step's place in the map, which an open step comes without. */
  #mapMark(index) {
    const link = this.links[index];
    const there = link.querySelector("svg");
    if (there) return there;
    const mark = this.marginMark(index).cloneNode(true);
    link.prepend(mark);
    link.classList.add("has-mark");
    return mark;
  }

  marginMark(index) {
    return this.steps[index].querySelector(".margin svg");
  }

  /* Every question that still needs an answer, as the server counts them (annotate/label/completeness.py). */
  missing() {
    const asked = this.#askedNow();
    const isLeft = this.asked.some(
      (question) => asked.has(question) && this.places.get(question) === this.whole && this.#has(question, "ends"),
    );
    return this.asked.filter((question) => {
      if (!asked.has(question) || (isLeft && this.places.get(question) !== this.whole)) return false;
      if (!this.valueOf(question)) return !this.#has(question, "optional");
      return this.#has(question, "needsText") && !this.textOf(question);
    });
  }

  /* What is chosen there now, and what follows from it. */
  #read(question) {
    this.values.set(question, read(question));
    const follows = new Set("optional" in question.dataset ? ["optional"] : []);
    for (const { dataset } of question.querySelectorAll("input:checked, option:checked")) {
      for (const name of ["ends", "error", "needsText"]) if (name in dataset) follows.add(name);
    }
    if ("stops" in question.dataset && follows.has("error")) follows.add("stops");
    this.chosen.set(question, follows);
  }

  #has(question, name) {
    return this.chosen.get(question).has(name);
  }

  goTo(question) {
    if (!question) return;
    this.focus(this.placeOf(question));
    this.#wordsWanted(question)?.focus();
  }

  /* To the next open question behind the focused step, else to the first one anywhere. */
  goToMissing() {
    const open = this.missing();
    const behind = open.find((question) => this.placeOf(question) > this.index);
    if (!behind && this.isPartial) this.onWait(this.n);
    else this.goTo(behind ?? open[0]);
  }

  /* The next place with a question: a tool's output is read in passing. */
  #nextAsked() {
    if (this.step === this.whole) return this.total + 1;
    let next = this.index + 1;
    while (next < this.n && !this.questions(next).length) next += 1;
    return next;
  }

  /* The field that must be written in: an answer in words, or the reason an answer needs. */
  #wordsWanted(question) {
    if (question.querySelector(".levels") && !question.querySelector("[data-needs-text]:checked")) return null;
    const note = question.querySelector(".note");
    if (note) note.open = true;
    return question.querySelector("textarea");
  }

  /* The questions of each criterion in the order of the steps, criterion by criterion in the rubric's order. */
  #inOrder() {
    const found = new Map();
    for (const question of this.asked) {
      const order = Number(question.dataset.order);
      if (!found.has(order)) found.set(order, []);
      found.get(order).push(question);
    }
    return [...found.keys()].sort((a, b) => a - b).map((order) => found.get(order));
  }

  /* The question that each one depends on: at the same place, else about the trace. */
  #conditions() {
    const at = new Map(this.asked.map((one) => [`${one.dataset.criterion} ${this.placeOf(one)}`, one]));
    const last = this.whole ? this.steps.length - 1 : -1;
    const found = new Map();
    for (const question of this.asked) {
      const by = question.dataset.askedBy;
      if (by) found.set(question, at.get(`${by} ${this.placeOf(question)}`) ?? at.get(`${by} ${last}`));
    }
    return found;
  }

  #isMet(question, asked) {
    if (!this.conditions.has(question)) return true;
    const condition = this.conditions.get(question);
    const levels = question.dataset.askedLevels.split(" ");
    return asked.has(condition) && tagsIn(this.valueOf(condition)).some((level) => levels.includes(level));
  }

  /* What is asked, given the answers: conditions hold, and no first error stands before. */
  #askedNow() {
    const asked = new Set();
    for (const questions of this.byCriterion) {
      for (const question of questions) {
        if (!this.#isMet(question, asked)) continue;
        asked.add(question);
        if (this.#has(question, "stops")) break;
      }
    }
    return asked;
  }

  /* Hide what is not asked because of an answer elsewhere. What stands behind a first error stays, to be changed. */
  #ask() {
    if (this.conditions.size) {
      const asked = this.#askedNow();
      for (const question of this.conditions.keys()) question.hidden = !asked.has(question);
      for (const box of this.given) {
        const questions = [...box.querySelectorAll(".question")];
        box.hidden = questions.length > 0 && questions.every((question) => question.hidden);
      }
    }
    if (this.whole?.querySelector(".totals")) rollUp(this.whole);
  }
}
