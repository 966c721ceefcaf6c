/* Very long steps are cut to a screenful until somebody wants all of them. Without script they stand whole. */

import { gettext } from "./words.js";

export class Folds {
  add(steps) {
    for (const step of steps) {
      if (!step.dataset.long) continue;
      const text = step.querySelector(".step-text");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link unfold";
      text.after(button);
      button.addEventListener("click", () => this.set(step, step.classList.contains("is-cut")));
      this.set(step, false);
    }
  }

  /* Show all of a step, or its beginning only; folded tool output inside it goes the same way. */
  set(step, isWhole) {
    const button = step.querySelector(".unfold");
    if (button) {
      step.classList.toggle("is-cut", !isWhole);
      button.textContent = isWhole
        ? gettext("Fold this step again")
        : gettext("Show all of this step ({length})", { length: step.dataset.long });
      button.setAttribute("aria-expanded", String(isWhole));
    }
    for (const fold of step.querySelectorAll("details.fold")) fold.open = isWhole;
  }

  toggle(step) {
    const fold = step.querySelector("details.fold");
    this.set(step, step.classList.contains("is-cut") || Boolean(fold && !fold.open));
  }
}
