/* The bar at the foot of the page: what the keys will do next, and whether the answers have arrived. */

import { gettext } from "./words.js";

const WORDS = {
  saved: () => gettext("Saved"),
  saving: (n) => gettext("Saving {n}", { n }),
  offline: (n) => gettext("Offline, {n} waiting", { n }),
  "signed-out": (n) => gettext("Signed out, {n} waiting. Sign in again in another tab.", { n }),
  refused: (_, message) => message,
  lost: (_, message) => message,
};

export class Bar {
  constructor(element, spoken) {
    this.element = element;
    this.spoken = spoken;
  }

  show() {
    this.element.hidden = false;
  }

  /* For people who hear the page. */
  say(text) {
    this.spoken.textContent = text;
  }

  showSaveState(state, waiting, message) {
    const place = this.element.querySelector(".save-state");
    place.textContent = WORDS[state](waiting, message);
    place.dataset.state = state;
    if (state !== "saved" && state !== "saving") this.say(place.textContent);
  }

  showNext(sheet) {
    const question = sheet.currentQuestion();
    for (const group of this.element.querySelectorAll(".bar-group")) {
      group.hidden = group.dataset.criterion !== question?.dataset.criterion;
      for (const button of group.querySelectorAll("button")) {
        const said = question ? sheet.valueOf(question).split(" ") : [];
        const part = said.find((one) => one.split(":")[0] === button.dataset.value);
        button.setAttribute("aria-pressed", String(Boolean(part)));
        const severity = part?.split(":")[1];
        button.querySelector(".severity").textContent = severity ?? "";
      }
    }
    const open = sheet.missing().length;
    // While steps are still on their way nobody can say how many are open.
    const said = sheet.isPartial
      ? sheet.where
      : open
        ? gettext("{where}, {n} to answer", { where: sheet.where, n: open })
        : gettext("All answered: Enter submits");
    this.element.querySelector(".bar-next").textContent = said;
    this.element.classList.toggle("is-complete", open === 0 && !sheet.isPartial);
  }

  /* The keys of the levels, and the level a key stands for in the question that is open now. */
  get hotkeys() {
    const buttons = [...this.element.querySelectorAll("[data-hotkey]")];
    return new Set(buttons.map((button) => button.dataset.hotkey).filter(Boolean));
  }

  levelOf(hotkey) {
    const group = this.element.querySelector(".bar-group:not([hidden])");
    return group?.querySelector(`[data-hotkey="${CSS.escape(hotkey)}"]`)?.dataset.value;
  }
}
