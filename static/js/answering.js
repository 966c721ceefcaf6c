/* What the person does to the answers: give one, take it back, mark the first error. Each change goes to the outbox. */

export class Answering {
  constructor(sheet, bar, outbox) {
    Object.assign(this, { sheet, bar, outbox });
    // Changes that belong together are undone together: [[question, value it had before], …].
    this.undoable = [];
    // What each question said before the change at hand: a form reports only what it says now.
    this.before = new Map(sheet.asked.map((question) => [question, sheet.valueOf(question)]));
    this.since = performance.now();
  }

  /* Time spent counts from here: another step has come into focus. */
  restartClock() {
    this.since = performance.now();
  }

  /* Send what the question says now. */
  post(question) {
    const value = this.sheet.valueOf(question);
    const position = question.closest(".step")?.dataset.position;
    this.outbox.add({
      criterion: Number(question.dataset.criterion),
      position: position === undefined ? null : Number(position),
      value: question.querySelector(".levels") ? value : "",
      text: this.sheet.textOf(question),
      seconds: Math.round((performance.now() - this.since) / 100) / 10,
      is_cleared: !value,
    });
    this.restartClock();
    this.before.set(question, value);
    this.sheet.show(question);
    this.bar.showNext(this.sheet);
  }

  /* The focused step's open question gets a level, and reading goes on at the next step. */
  answer(value) {
    const { sheet } = this;
    const question = sheet.currentQuestion();
    if (!question?.querySelector(`input[value="${CSS.escape(value)}"]`)) return;
    this.undoable.push([[question, sheet.valueOf(question)]]);
    sheet.choose(question, value);
    this.post(question);
    this.bar.say(`Step ${sheet.index + 1}: ${value}`);
    const isStepDone = sheet.questions(sheet.index).every((one) => sheet.valueOf(one));
    if (isStepDone) sheet.focus(sheet.index + 1);
  }

  /* The focused step is the first that is wrong: what was left open before it is right. */
  markFirstError() {
    const { sheet } = this;
    const here = sheet.questions(sheet.index).find((one) => one.querySelector("[data-error]"));
    if (!here) {
      this.bar.say("No question here has a level for an error");
      return;
    }
    const { criterion, best } = here.dataset;
    const before = sheet.steps
      .slice(0, sheet.index)
      .map((_, index) => sheet.questions(index).find((one) => one.dataset.criterion === criterion))
      .filter((one) => one && best && !sheet.valueOf(one));
    const marked = [...before.map((one) => [one, best]), [here, here.querySelector("[data-error]").value]];
    this.undoable.push(marked.map(([one]) => [one, sheet.valueOf(one)]));
    for (const [one, value] of marked) {
      sheet.choose(one, value);
      this.post(one);
    }
    this.bar.say(`First error at step ${sheet.index + 1}, ${before.length} before it marked`);
    sheet.focus(sheet.index + 1);
  }

  /* A form's own control was used. */
  changed(question) {
    this.sheet.show(question);
    const earlier = this.before.get(question);
    // A note alone is no answer; it travels with the level once there is one.
    if (!this.sheet.valueOf(question) && !earlier) return;
    this.undoable.push([[question, earlier]]);
    this.post(question);
  }

  undo() {
    const changes = this.undoable.pop();
    if (!changes) return;
    for (const [question, value] of changes) {
      this.sheet.choose(question, value);
      this.post(question);
    }
    this.sheet.goTo(changes.at(-1)[0]);
    this.bar.say(changes.length > 1 ? `${changes.length} answers undone` : "Undone");
  }

  /* What stands after a conflict was decided; nothing is sent from here. */
  settle(question, value, text) {
    this.sheet.put(question, value, text);
    this.before.set(question, this.sheet.valueOf(question));
    this.bar.showNext(this.sheet);
  }
}
