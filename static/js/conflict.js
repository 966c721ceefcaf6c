/* Two windows said different things about one place: both are kept, and the person decides. */

export class ConflictDialog {
  constructor(dialog, { nameOf, onDecision }) {
    Object.assign(this, { dialog, nameOf, onDecision });
    this.open = [];
    dialog.addEventListener("close", () => this.#decided());
  }

  ask(conflict) {
    this.open.push(conflict);
    if (!this.dialog.open) this.#show();
  }

  /* Show the next one again, for somebody who closed the dialog with Escape. */
  remind() {
    if (this.open.length && !this.dialog.open) this.#show();
  }

  #show() {
    const { mine, value, text } = this.open[0];
    const { place, here, there } = this.nameOf(mine, value, text);
    this.dialog.querySelector("h2").textContent = `${place} was answered in another window`;
    this.dialog.querySelector("[data-side=there]").textContent = there;
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
