/* What has not arrived yet, kept in the browser's storage: one shelf for each window, so that two windows on one trace
   do not write over each other. A window that opens also takes up what closed ones left behind; should their owner be
   alive after all, both send it, and the server knows each answer by its key and writes it once. */

import { newKey } from "./newkey.js";

export class Shelf {
  constructor(prefix) {
    this.prefix = `${prefix}.`;
    this.key = this.prefix + newKey();
    this.taken = [];
  }

  left() {
    const all = { waiting: [], conflicts: [] };
    try {
      this.taken = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
      for (const key of this.taken.sort()) {
        const { waiting = [], conflicts = [] } = JSON.parse(localStorage.getItem(key)) ?? {};
        all.waiting.push(...waiting);
        all.conflicts.push(...conflicts);
      }
    } catch {
      return all;
    }
    if (all.waiting.length || all.conflicts.length) this.put(all);
    return all;
  }

  // Storage may be full or forbidden; the answers are then only as safe as the open page.
  put({ waiting, conflicts }) {
    try {
      if (waiting.length || conflicts.length) localStorage.setItem(this.key, JSON.stringify({ waiting, conflicts }));
      else localStorage.removeItem(this.key);
      for (const key of this.taken.splice(0)) localStorage.removeItem(key);
    } catch {
      return;
    }
  }
}
