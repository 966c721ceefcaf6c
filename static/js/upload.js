/* A file on its way to the server in pieces: it shows how far it is, waits out a network that is away, and goes on where
   an earlier attempt at the same file ended. That it is the same its digest says, which is why all of it is read before
   the first piece goes. Without this script the form sends the file whole. */

import { Sha256 } from "./sha256.js";
import { gettext } from "./words.js";

const PIECE = 4 * 1024 * 1024;
const LONGEST_WAIT = 15_000;

const form = document.querySelector(".drop");
const input = form.querySelector("input[type=file]");
const sending = form.querySelector(".sending");
const bar = sending.querySelector("progress");
const said = sending.querySelector("[role=status]");
const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
let isStopped = false;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Refused extends Error {}

async function ask(url, options) {
  const answer = await fetch(url, { ...options, headers: { "X-CSRFToken": csrf, ...options.headers } });
  const body = await answer.json().catch(() => ({}));
  // A server that is busy or on its way up is asked again; one that says no is not.
  if (answer.status >= 500 || answer.status === 429) throw new Error(answer.statusText);
  if (!answer.ok && answer.status !== 409) throw new Refused(body.detail ?? answer.statusText);
  return { status: answer.status, body };
}

async function untilAnswered(url, options) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask(url, options());
    } catch (error) {
      if (error instanceof Refused || isStopped) throw error;
      say(gettext("The connection is away. It goes on by itself."));
      await pause(Math.min(LONGEST_WAIT, 500 * 2 ** tries));
    }
  }
}

function say(text) {
  if (said.textContent !== text) said.textContent = text;
}

function show(received, size, begun) {
  bar.max = size;
  bar.value = received;
  const seconds = (performance.now() - begun.at) / 1000;
  const left = seconds > 2 ? ((size - received) / (received - begun.from)) * seconds : null;
  const percent = Math.floor((100 * received) / size);
  say(left === null ? `${percent} %` : `${percent} % · ${gettext("about")} ${Math.ceil(left)} s`);
}

async function digestOf(file) {
  const found = new Sha256();
  bar.max = file.size;
  for (let at = 0; at < file.size && !isStopped; at += PIECE) {
    found.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    bar.value = Math.min(at + PIECE, file.size);
    say(gettext("Looking through the file: {percent} %", { percent: Math.floor((100 * bar.value) / file.size) }));
  }
  return found.hex();
}

async function send(file) {
  isStopped = false;
  sending.hidden = false;
  form.querySelector("button.primary").disabled = true;
  const sha256 = await digestOf(file);
  if (isStopped) return;
  const made = await untilAnswered(form.dataset.uploads, () => ({
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: file.name, size: file.size, sha256 }),
  }));
  let upload = made.body;
  const address = (template) => template.replace("/0/", `/${upload.id}/`);
  const begun = { at: performance.now(), from: upload.received };
  while (upload.received < file.size && !isStopped) {
    const from = upload.received;
    const answer = await untilAnswered(`${address(form.dataset.piece)}?offset=${from}`, () => ({
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file.slice(from, from + PIECE),
    }));
    // Where the server is elsewhere in the file, it is asked where.
    upload = answer.status === 409 ? (await untilAnswered(address(form.dataset.state), () => ({}))).body : answer.body;
    show(upload.received, file.size, begun);
  }
  if (!isStopped) window.location.assign(address(form.dataset.page));
}

async function start(file) {
  try {
    await send(file);
    if (isStopped) say(gettext("Stopped. Choose the same file again and it goes on where it was."));
  } catch (error) {
    say(error.message);
  }
  form.querySelector("button.primary").disabled = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.files.length) start(input.files[0]);
});
sending.querySelector(".pause").addEventListener("click", () => {
  isStopped = true;
});
for (const name of ["dragenter", "dragover"]) {
  form.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.add("is-over");
  });
}
for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("is-over"));
form.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) start(event.dataTransfer.files[0]);
});
