/* What the person does to the answers: give one, take it back, mark the first error. Each change goes to the outbox. */

import { gettext, ngettext } from "./words.js";

export class Answering {
  constructor(sheet, bar, outbox) {
    Object.assign(this, { sheet, bar, outbox });
    // Changes that belong together are undone together: [[question, value it had before], …].
    this.undoable = [];
    // What each question said before the change at hand: a form reports only what it says now.
    this.before = new Map();
    this.know();
    this.since = performance.now();
  }

  /* Take note of questions that have come into the page. */
  know() {
    for (const question of this.sheet.asked) {
      if (!this.before.has(question)) this.before.set(question, this.sheet.valueOf(question));
    }
  }

  /* Time spent counts from here: another step has come into focus. */
  restartClock() {
    this.since = performance.now();
  }

  /* Send what the question says now. `isFilled`: along with an error further on. */
  post(question, isFilled = false) {
    const value = this.sheet.valueOf(question);
    const position = question.closest(".step")?.dataset.position;
    this.outbox.add({
      criterion: Number(question.dataset.criterion),
      position: position === undefined || question.dataset.candidate ? null : Number(position),
      candidate: question.dataset.candidate ? Number(question.dataset.candidate) : null,
      value: this.sheet.sentValueOf(question),
      text: this.sheet.textOf(question),
      seconds: Math.round((performance.now() - this.since) / 100) / 10,
      is_cleared: !value,
      is_filled: isFilled,
    });
    this.restartClock();
    this.before.set(question, value);
  }

  /* The open question gets a level, and reading goes on at what is open next. */
  answer(level) {
    const { sheet } = this;
    const question = sheet.currentQuestion();
    const value = question ? sheet.pressed(question, level) : null;
    if (value === null) return;
    this.undoable.push([[question, sheet.valueOf(question)]]);
    sheet.choose(question, value);
    this.post(question);
    this.#fill(sheet.fillBefore(question));
    this.bar.say(`${sheet.where}: ${value}`);
    sheet.goOn();
  }

  /* Steps answered along with an error, which one undo takes back with it. */
  #fill(questions) {
    for (const question of questions) {
      this.undoable.at(-1).unshift([question, ""]);
      this.post(question, true);
    }
  }

  /* The focused step is the first that is wrong: what was left open before it is right. */
  markFirstError() {
    const { sheet } = this;
    const isAsked = (one) => !one.hidden && !one.dataset.candidate && one.querySelector("[data-error]");
    const here = sheet.questions(sheet.index).find(isAsked);
    if (!here) {
      this.bar.say(gettext("No question here has a level for an error"));
      return;
    }
    const { criterion, best } = here.dataset;
    const before = sheet.steps
      .slice(0, sheet.index)
      .map((_, index) => sheet.questions(index).find((one) => one.dataset.criterion === criterion))
      .filter((one) => one && best && !one.hidden && !sheet.valueOf(one));
    for (const one of before) sheet.choose(one, best);
    this.undoable.push([[here, sheet.valueOf(here)]]);
    sheet.choose(here, here.querySelector("[data-error]").value);
    this.#fill(before);
    this.post(here);
    this.bar.say(gettext("First error at step {step}, {n} before it marked", { step: sheet.index + 1, n: before.length }));
    sheet.goOn();
  }

  /* A form's own control was used. */
  changed(question) {
    this.sheet.show(question);
    const earlier = this.before.get(question);
    // A note alone is no answer; it travels with the level once there is one.
    if (!this.sheet.valueOf(question) && !earlier) return;
    this.undoable.push([[question, earlier]]);
    this.post(question);
    this.#fill(this.sheet.fillBefore(question));
    this.bar.showNext(this.sheet);
  }

  undo() {
    const changes = this.undoable.pop();
    if (!changes) return;
    for (const [question, value] of changes) {
      this.sheet.choose(question, value);
      this.post(question);
    }
    this.sheet.goTo(changes.at(-1)[0]);
    this.bar.say(ngettext("Undone", "{n} answers undone", changes.length));
  }

  /* What stands after a conflict was decided; nothing is sent from here. */
  settle(question, value, text) {
    this.sheet.put(question, value, text);
    this.before.set(question, this.sheet.valueOf(question));
    this.bar.showNext(this.sheet);
  }
}
