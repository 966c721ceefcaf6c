/* Answers on their way to the server: in order, kept in the browser until they have arrived, never written over what
   another window wrote without asking. */

import { newKey } from "./newkey.js";
import { Shelf } from "./shelf.js";
import { gettext } from "./words.js";

const LONGEST_WAIT = 15_000;
const MOST_AT_ONCE = 50;

const placeOf = (answer) => `${answer.criterion}:${answer.position ?? ""}:${answer.candidate ?? ""}`;

export class Outbox {
  /* `store` names the lease, so that answers of another lease are never sent under this one; `seen` is the newest
     label that the page was made with. */
  constructor({ url, token, csrf, store, seen, boundary, onChange, onConflict, onRecut }) {
    Object.assign(this, { url, token, csrf, pageSeen: seen, boundary, onChange, onConflict, onRecut });
    this.shelf = new Shelf(`gradus.outbox.${store}`);
    this.waiting = [];
    this.conflicts = [];
    this.hasLooked = false;
    this.seen = new Map();
    this.state = "saved";
    this.message = "";
    this.tries = 0;
    this.isSending = false;
    window.addEventListener("online", () => this.send());
  }

  /* Ask again about what was left undecided when the page was last closed, and send what had not arrived. */
  start() {
    this.#lookBack();
    this.send();
  }

  /* A page's first look into the browser's storage stops it until another process has answered: not before keys work,
     and not after anything new waits. */
  #lookBack() {
    if (this.hasLooked) return;
    this.hasLooked = true;
    ({ waiting: this.waiting, conflicts: this.conflicts } = this.shelf.left());
    for (const conflict of this.conflicts) this.onConflict(conflict);
  }

  add(answer) {
    this.#lookBack();
    const seen = this.seen.get(placeOf(answer)) ?? this.pageSeen;
    // Positions are of this page's steps. Should these be split or merged before the answer arrives, the server looks
    // the place up, also for answers that wait longer than the page lives.
    this.waiting.push({ boundary: this.boundary, ...answer, seen, key: newKey() });
    this.#remember();
    // While the network is away the timer tries again; a try for every key would only fill the console.
    if (this.tries) this.#report(this.state);
    else this.send();
  }

  /* Somebody has looked at both answers; with `isMine` the one from here is sent again, now knowing of the other. */
  resolve(conflict, isMine) {
    this.conflicts = this.conflicts.filter((other) => other !== conflict);
    this.#note(conflict.mine, conflict.id);
    if (isMine) this.add(conflict.mine);
    else this.#remember();
  }

  /* Resolves to true when nothing waits any more, to false when what waits cannot be sent or must be decided. */
  async settle() {
    this.#lookBack();
    while (this.waiting.length && this.state !== "lost") {
      this.send();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.state !== "lost" && !this.conflicts.length;
  }

  async send() {
    if (this.isSending || this.state === "lost") return;
    this.isSending = true;
    clearTimeout(this.timer);
    while (this.waiting.length && this.state !== "lost") {
      this.#report(this.tries ? this.state : "saving");
      if (!(await this.#deliver(this.waiting.slice(0, MOST_AT_ONCE)))) break;
    }
    this.isSending = false;
    if (!this.waiting.length && !["lost", "refused"].includes(this.state)) this.#report("saved");
  }

  async #deliver(answers) {
    let response;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": this.csrf },
        body: JSON.stringify({ token: this.token, answers }),
        redirect: "manual",
        signal: AbortSignal.timeout(LONGEST_WAIT),
      });
    } catch {
      return this.#later("offline");
    }
    if (response.type === "opaqueredirect") return this.#later("signed-out");
    if (response.status >= 500 || response.status === 429) return this.#later("offline");
    const body = await response.json().catch(() => null);
    if (!response.ok) {
      // 400 is a page that speaks another version's language: sending the same again would change nothing.
      this.message = body?.detail ?? gettext("This trace is no longer yours.");
      this.#report("lost");
      return false;
    }
    if (body?.answers?.length !== answers.length) return this.#later("offline");
    this.tries = 0;
    this.waiting.splice(0, answers.length);
    if (this.state === "refused") this.state = "saving";
    answers.forEach((answer, index) => this.#settle(answer, body.answers[index]));
    this.#remember();
    if (body.boundary !== undefined && body.boundary !== this.boundary && !this.waiting.length) this.onRecut();
    return true;
  }

  #settle(answer, { id, conflict, value, text, refused }) {
    if (refused !== undefined) {
      this.#report("refused", refused);
    } else if (conflict !== undefined) {
      const kept = { mine: answer, id: conflict, value, text };
      this.conflicts.push(kept);
      this.onConflict(kept);
    } else if (id) {
      this.#note(answer, id);
    }
  }

  /* What is known to stand at a place is also known to what still waits for that place. */
  #note(answer, id) {
    const place = placeOf(answer);
    this.seen.set(place, Math.max(id, this.seen.get(place) ?? 0));
    for (const other of this.waiting) if (placeOf(other) === place) other.seen = this.seen.get(place);
  }

  #later(state) {
    this.tries += 1;
    this.#report(state);
    this.timer = setTimeout(() => this.send(), Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(this.tries, 6)));
    return false;
  }

  #report(state, message = this.message) {
    this.state = state;
    this.onChange(state, this.waiting.length, message);
  }

  #remember() {
    this.shelf.put({ waiting: this.waiting, conflicts: this.conflicts });
  }
}
