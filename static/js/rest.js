/* The later steps of a long trace: the page comes with the first, so that work can begin, and asks for the others. */

const LONGEST_PAUSE = 15_000;
const LONGEST_TO_IDLE = 1_000;
// Steps that are shown and left out together: the browser watches one box for all of them at every frame.
const TOGETHER = 10;

/* Nothing else to do: keys, clicks and what the page shows go first. A page behind others waits a moment only. */
function idle(then) {
  if ("requestIdleCallback" in window) requestIdleCallback(then, { timeout: LONGEST_TO_IDLE });
  else setTimeout(then, 0);
}
const RESET_CONTENT = 205;
const RECUT = Symbol("recut");
// The trace is somebody else's now: the answer will not be another one.
const GONE = [404, 409];
const LOST = Symbol("lost");

/* These steps in a box of their own, which is nothing to whoever hears the page: they stay items of the one list. */
function together(steps) {
  const box = document.createElement("li");
  const inner = box.appendChild(document.createElement("ol"));
  box.className = "together";
  box.role = inner.role = "none";
  for (const step of steps) step.role = "listitem";
  inner.append(...steps);
  return box;
}

export class Rest {
  /* `list` says where the steps come from (data-rest) and how many there are; `onSteps` is given each piece, `onRecut`
     called where steps have been split or merged since the page was made: a piece would be of others than the page's. */
  constructor(list, onSteps, onRecut) {
    Object.assign(this, { list, onSteps, onRecut });
    this.waiting = [];
    this.goOn = () => {};
    window.addEventListener("online", () => this.goOn());
    this.n = list.children.length;
    this.isDone = !list.dataset.rest;
    if (!this.isDone) void this.#load();
  }

  /* Resolves when the step with this number (from 0) is on the page. */
  upTo(number) {
    if (this.isDone || this.n > number) return Promise.resolve();
    this.goOn();
    return new Promise((resolve) => this.waiting.push([number, resolve]));
  }

  all() {
    return this.upTo(Infinity);
  }

  async #load() {
    this.list.ariaBusy = "true";
    await this.#idle();
    for (let tries = 0; !this.isDone; ) {
      const piece = await this.#piece().catch(() => null);
      if (piece === null) {
        // A network that is away for a moment: what is on the page can be worked on meanwhile.
        tries += 1;
        await this.#pause(Math.min(LONGEST_PAUSE, 500 * 2 ** tries));
        continue;
      }
      if (piece === LOST) break;
      if (piece === RECUT) {
        this.onRecut();
        return;
      }
      tries = 0;
      this.#add(piece);
      await this.#idle();
    }
    this.list.ariaBusy = null;
  }

  /* Until the browser has time, or somebody wants a step. */
  #idle() {
    return new Promise((resolve) => {
      this.goOn = resolve;
      idle(resolve);
    });
  }

  /* Until the time is over, somebody wants a step, or the network is back. */
  #pause(milliseconds) {
    return new Promise((resolve) => {
      this.goOn = resolve;
      setTimeout(resolve, milliseconds);
    });
  }

  async #piece() {
    const address = new URL(this.list.dataset.rest, location.href);
    address.searchParams.set("from", this.n);
    const response = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(LONGEST_PAUSE) });
    if (response.status === RESET_CONTENT) return RECUT;
    if (GONE.includes(response.status)) return LOST;
    if (!response.ok) throw new Error(String(response.status));
    return response.text();
  }

  #add(piece) {
    const holder = document.createElement("template");
    holder.innerHTML = piece;
    const steps = [...holder.content.children];
    this.n += steps.length;
    this.isDone = steps.length === 0 || this.n >= Number(this.list.dataset.n);
    for (let i = 0; i < steps.length; i += TOGETHER) this.list.append(together(steps.slice(i, i + TOGETHER)));
    this.onSteps(steps);
    document.dispatchEvent(new CustomEvent("gradus:steps", { detail: steps }));
    const met = this.waiting.filter(([number]) => this.isDone || this.n > number);
    this.waiting = this.waiting.filter((one) => !met.includes(one));
    for (const [, resolve] of met) resolve();
  }
}
