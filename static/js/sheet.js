/* The steps on the page: which one is in focus, what has been answered, what is still missing. */

const MARKS = new Set(["good", "neutral", "bad", "unsure"]);

function showMark(svg, value) {
  const name = !value ? "none" : MARKS.has(value) ? value : "other";
  svg.setAttribute("class", `mark mark-${name}`);
  svg.querySelector("use").setAttribute("href", `#mark-${name}`);
}

/* The level keys chosen, or the words written; empty when nothing is. */
function read(question) {
  if (!question.querySelector(".levels")) return question.querySelector("textarea").value.trim();
  return [...question.querySelectorAll("input:checked")].map((input) => input.value).sort().join(" ");
}

export class Sheet {
  constructor(form, minimap) {
    this.minimap = minimap;
    this.steps = [...form.querySelectorAll(".step")];
    this.links = [...minimap.querySelectorAll("a")];
    this.asked = [...form.querySelectorAll(".question")];
    // Read once and kept: a trace of 500 steps is asked what is missing at every key.
    this.values = new Map(this.asked.map((question) => [question, read(question)]));
    this.index = 0;
    this.onFocus = () => {};
  }

  get step() {
    return this.steps[this.index];
  }

  focus(index, { takesFocus = true } = {}) {
    if (index < 0) return;
    if (index >= this.steps.length) {
      this.onFocus();
      return;
    }
    this.step.classList.remove("is-focused");
    this.links[this.index].removeAttribute("aria-current");
    this.index = index;
    this.step.classList.add("is-focused");
    const link = this.links[index];
    link.setAttribute("aria-current", "step");
    this.minimap.scrollTop = link.offsetTop - this.minimap.clientHeight / 2;
    if (takesFocus) {
      this.step.focus({ preventScroll: true });
      const isTall = this.step.offsetHeight > window.innerHeight * 0.7;
      this.step.scrollIntoView({ block: isTall ? "start" : "nearest" });
    }
    this.onFocus();
  }

  questions(index) {
    return [...this.steps[index].querySelectorAll(".question")];
  }

  /* The question that a key answers: the first one open at this step, else its first. */
  currentQuestion() {
    const questions = this.questions(this.index);
    return questions.find((question) => !this.valueOf(question)) ?? questions[0];
  }

  valueOf(question) {
    return this.values.get(question);
  }

  textOf(question) {
    return question.querySelector("textarea").value.trim();
  }

  questionAt(criterion, position) {
    return this.asked.find(
      (question) =>
        Number(question.dataset.criterion) === criterion &&
        (question.closest(".step")?.dataset.position ?? null) === (position === null ? null : String(position)),
    );
  }

  /* Level keys and words together, as they stand in another window or have been sent from this one. */
  put(question, value, text) {
    question.querySelector("textarea").value = text;
    this.choose(question, value);
  }

  /* Put the cursor where words go at the focused step: a question of kind `what`, or for "note" the note on its first
     answer. Returns whether there was such a place. */
  write(what) {
    const questions = this.questions(this.index);
    const question = what === "note" ? questions.find((one) => one.querySelector(".note")) : questions.find((one) => one.dataset.kind === what);
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
    this.show(question);
  }

  /* Take note of what the question says now, and show it in margin and minimap. */
  show(question) {
    this.values.set(question, read(question));
    const index = this.steps.indexOf(question.closest(".step"));
    if (index < 0 || question !== this.questions(index)[0]) return;
    const value = this.valueOf(question);
    showMark(this.marginMark(index), value);
    showMark(this.links[index].querySelector("svg"), value);
    this.links[index].querySelector("span").textContent = `Step ${index + 1}${value ? `: ${value}` : ""}`;
  }

  marginMark(index) {
    return this.steps[index].querySelector(".margin svg");
  }

  /* Every question without an answer, as the server counts them: a first-error question ends at the error. */
  missing() {
    const ended = new Set();
    const open = [];
    for (const question of this.asked) {
      const id = question.dataset.criterion;
      if (ended.has(id)) continue;
      if (!this.valueOf(question)) open.push(question);
      else if ("stops" in question.dataset && question.querySelector("[data-error]:checked")) ended.add(id);
    }
    return open;
  }

  goTo(question) {
    if (!question) return;
    const index = this.steps.indexOf(question.closest(".step"));
    if (index >= 0) this.focus(index);
    else question.querySelector("input, textarea").focus();
  }

  /* The next open question behind the focused step, else the first one anywhere. */
  nextMissing() {
    const open = this.missing();
    const behind = open.find((question) => this.steps.indexOf(question.closest(".step")) > this.index);
    return behind ?? open[0];
  }
}
