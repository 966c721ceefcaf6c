/* Answers on their way to the server: in order, one at a time, kept in the browser until they have arrived. */

const LONGEST_WAIT = 15_000;

export class Outbox {
  /* `store` names the lease, so that answers of another lease are never sent under this one. */
  constructor({ url, token, csrf, store, onChange }) {
    Object.assign(this, { url, token, csrf, onChange });
    this.key = `gradus.outbox.${store}`;
    this.waiting = this.#remembered();
    this.state = "saved";
    this.message = "";
    this.tries = 0;
    this.isSending = false;
    window.addEventListener("online", () => this.send());
  }

  add(answer) {
    this.waiting.push(answer);
    this.#remember();
    this.send();
  }

  /* Resolves to true when nothing waits any more, to false when what waits cannot be sent. */
  async settle() {
    while (this.waiting.length && this.state !== "lost") {
      this.send();
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    return this.state !== "lost";
  }

  async send() {
    if (this.isSending || this.state === "lost") return;
    this.isSending = true;
    clearTimeout(this.timer);
    while (this.waiting.length && this.state !== "lost") {
      this.#report(this.tries ? this.state : "saving");
      if (!(await this.#deliver(this.waiting[0]))) break;
    }
    this.isSending = false;
    if (!this.waiting.length && this.state !== "lost") this.#report("saved");
  }

  async #deliver(answer) {
    let response;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": this.csrf },
        body: new URLSearchParams({ token: this.token, ...answer }),
        redirect: "manual",
        signal: AbortSignal.timeout(LONGEST_WAIT),
      });
    } catch {
      return this.#later("offline");
    }
    if (response.type === "opaqueredirect") return this.#later("signed-out");
    if (response.status >= 500 || response.status === 429) return this.#later("offline");
    return this.#settled(response);
  }

  async #settled(response) {
    const body = await response.json().catch(() => ({}));
    if ([403, 404, 409].includes(response.status)) {
      this.message = body.detail ?? "This trace is no longer yours.";
      this.#report("lost");
      return false;
    }
    this.waiting.shift();
    this.tries = 0;
    this.#remember();
    if (!response.ok) this.#report("refused", body.reason ?? "The answer was refused. Reload the page.");
    return true;
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

  // Storage may be full or forbidden; the answers are then only as safe as the open page.
  #remember() {
    try {
      if (this.waiting.length) localStorage.setItem(this.key, JSON.stringify(this.waiting));
      else localStorage.removeItem(this.key);
    } catch {
      return;
    }
  }

  #remembered() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }
}
