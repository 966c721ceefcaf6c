/* Saying that a step is cut wrongly, without leaving the place where one reads. */

import { gettext } from "./words.js";

export class ReportDialog {
  constructor(dialog, csrf, onTold) {
    Object.assign(this, { dialog, csrf, onTold });
    this.form = dialog.querySelector("form");
    this.trouble = dialog.querySelector(".errorlist");
    dialog.querySelector("[data-closes]").addEventListener("click", () => dialog.close());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    // A digit chooses, as it does on the page behind.
    this.form.addEventListener("keydown", (event) => {
      if (event.target.matches("textarea") || event.ctrlKey || event.altKey || event.metaKey) return;
      const choice = this.form.querySelectorAll("[name=fault]")[Number(event.key) - 1];
      if (!choice) return;
      event.preventDefault();
      choice.checked = true;
      choice.focus();
    });
  }

  /* About the step in focus; the trace as a whole has no boundaries. */
  open(sheet) {
    const position = sheet.step.dataset.position;
    if (position === undefined) {
      this.onTold(gettext("Go to the step that is cut wrongly first"));
      return;
    }
    this.step = sheet.step;
    this.form.reset();
    this.form.elements.step.value = String(Number(position) + 1);
    this.dialog.querySelector("h2 .number").textContent = String(Number(position) + 1);
    this.trouble.textContent = "";
    this.dialog.showModal();
    this.form.querySelector("[name=fault]").focus();
  }

  async #send() {
    let response;
    try {
      response = await fetch(this.form.action, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": this.csrf },
        body: new URLSearchParams(new FormData(this.form)),
        redirect: "manual",
      });
    } catch {
      this.trouble.textContent = gettext("The network is away. Try again in a moment.");
      return;
    }
    const body = await response.json().catch(() => null);
    if (!response.ok) {
      this.trouble.textContent = body?.reason ?? body?.detail ?? gettext("That could not be sent. Reload the page and try again.");
      return;
    }
    this.dialog.close();
    this.#note();
    this.step.focus({ preventScroll: true });
    this.onTold(body.told);
  }

  #note() {
    const foot = this.step.querySelector(".step-foot");
    const checked = this.form.querySelector("[name=fault]:checked");
    const note = foot.querySelector(".reported") ?? document.createElement("p");
    note.className = "small open-question reported";
    note.textContent = gettext("You reported its boundaries: {fault}.", { fault: checked.dataset.mid });
    foot.prepend(note);
  }
}
