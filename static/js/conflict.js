/* Two windows said different things about one place: both are kept, and the person decides. */

import { gettext } from "./words.js";

/* An answer in words: the levels' titles, and what was written. */
function wordsFor(question, value, text) {
  const titleOf = (key) =>
    question?.querySelector(`input[value="${CSS.escape(key)}"]`)?.closest("label").textContent.trim() ?? key;
  const titles = value.split(" ").filter(Boolean).map(titleOf).join(", ");
  return [titles, text].filter(Boolean).join(": ") || gettext("No answer");
}

export class ConflictDialog {
  constructor(dialog, sheet, onDecision) {
    Object.assign(this, { dialog, sheet, onDecision });
    this.open = [];
    dialog.addEventListener("close", () => this.#decided());
  }

  ask(conflict) {
    this.open.push(conflict);
    if (!this.dialog.open) this.#show();
  }

  /* Show the first one again, for somebody who closed the dialog with Escape. */
  remind() {
    if (this.open.length && !this.dialog.open) this.#show();
  }

  #show() {
    const { mine, value, text } = this.open[0];
    const question = this.sheet.questionAt(mine);
    const named = question?.querySelector("legend")?.textContent.split(":")[0];
    const place = named ?? (mine.position === null ? gettext("The whole trace") : gettext("Step {n}", { n: mine.position + 1 }));
    this.dialog.querySelector("h2").textContent = gettext("{place} was answered in another window", { place });
    this.dialog.querySelector("[data-side=there]").textContent = wordsFor(question, value, text);
    const here = mine.is_cleared ? gettext("No answer") : wordsFor(question, mine.value, mine.text);
    this.dialog.querySelector("[data-side=here]").textContent = here;
    this.dialog.returnValue = "";
    this.dialog.showModal();
  }

  #decided() {
    if (!["here", "there"].includes(this.dialog.returnValue)) return;
    this.onDecision(this.open.shift(), this.dialog.returnValue === "here");
    if (this.open.length) this.#show();
  }
}
