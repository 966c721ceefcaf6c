/* Splitting a step: the cursor in its text is a place as well. Without this file the offered places and words do. */

import { gettext } from "./words.js";

const chooser = document.getElementById("chooser");

if (chooser) {
  for (const one of document.querySelectorAll(".with-script")) one.hidden = false;
  const words = document.getElementById("words");
  const chosen = document.getElementById("chosen");
  const places = chooser.form.querySelectorAll("[name=place]");
  // One field for a place that is not among those offered; the server counts characters, not UTF-16 units.
  const own = document.createElement("input");
  own.type = "hidden";
  own.name = "place";
  own.disabled = true;
  chooser.form.append(own);

  const choose = () => {
    const at = [...chooser.value.slice(0, chooser.selectionStart)].length;
    const after = chooser.value.slice(chooser.selectionStart).trim();
    own.disabled = at === 0 || !after;
    if (own.disabled) return;
    own.value = String(at);
    words.value = "";
    for (const place of places) place.checked = false;
    chosen.textContent = gettext("The second part begins: {words}", { words: [...after].slice(0, 60).join("") });
  };
  const forget = () => {
    own.disabled = true;
    chosen.textContent = "";
  };
  chooser.addEventListener("click", choose);
  chooser.addEventListener("keyup", (event) => {
    if (event.key !== "Tab") choose();
  });
  words.addEventListener("input", forget);
  for (const place of places) place.addEventListener("change", forget);
}
