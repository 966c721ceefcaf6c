/* Search in the trace, through folded parts too; the browser's own search does not open what we have cut. */

import { gettext, ngettext } from "./words.js";

const MOST_MARKS = 1000;

export class Find {
  constructor(form, sheet, folds) {
    Object.assign(this, { form, sheet, folds });
    this.input = form.querySelector("input");
    this.said = form.querySelector("output");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.next(event.submitter?.value === "previous" ? -1 : 1);
    });
    this.input.addEventListener("input", () => this.#mark());
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  open() {
    this.form.hidden = false;
    this.input.select();
    this.input.focus();
  }

  /* More steps have come into the page. */
  refresh() {
    if (!this.form.hidden) this.#mark();
  }

  close() {
    this.form.hidden = true;
    globalThis.CSS.highlights?.delete("found");
    this.sheet.step.focus({ preventScroll: true });
  }

  next(direction) {
    const found = this.#steps();
    if (!found.length) return;
    const ahead = direction > 0 ? found.find((i) => i > this.sheet.index) : found.findLast((i) => i < this.sheet.index);
    const index = ahead ?? found.at(direction > 0 ? 0 : -1);
    this.folds.set(this.sheet.steps[index], true);
    this.sheet.focus(index, { takesFocus: false });
    this.sheet.step.scrollIntoView({ block: "nearest" });
    this.#mark();
  }

  get #words() {
    return this.input.value.trim().toLowerCase();
  }

  #steps() {
    const words = this.#words;
    if (!words) return [];
    const texts = this.sheet.steps.map((step) => step.querySelector(".step-text")?.textContent.toLowerCase() ?? "");
    return texts.flatMap((text, index) => (text.includes(words) ? [index] : []));
  }

  #mark() {
    const found = this.#steps();
    const place = found.indexOf(this.sheet.index);
    const n = found.length;
    const said =
      place < 0
        ? ngettext("{n} step", "{n} steps", n)
        : ngettext("{at} of {n} step", "{at} of {n} steps", n, { at: place + 1 });
    this.said.textContent = this.#words ? said : "";
    if (!globalThis.CSS.highlights) return;
    globalThis.CSS.highlights.set("found", new Highlight(...this.#ranges(found)));
  }

  #ranges(found) {
    const words = this.#words;
    const ranges = [];
    for (const index of found) {
      const walker = document.createTreeWalker(this.sheet.steps[index].querySelector(".step-text"), NodeFilter.SHOW_TEXT);
      while (walker.nextNode() && ranges.length < MOST_MARKS) {
        const text = walker.currentNode.data.toLowerCase();
        for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, at + words.length);
          ranges.push(range);
        }
      }
    }
    return ranges;
  }
}
