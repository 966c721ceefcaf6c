/* Set every marked formula. KaTeX writes styles through the DOM, which the content policy allows. */

const DELIMITERS = [["$$", "$$"], ["\\[", "\\]"], ["\\(", "\\)"], ["$", "$"]];

function withoutDelimiters(source) {
  const [open, close] = DELIMITERS.find(([open]) => source.startsWith(open)) ?? ["", ""];
  return source.slice(open.length, source.length - close.length);
}

/* Links, pictures and raw HTML inside a formula: the whole formula is shown as its source instead. */
function refuse({ command }) {
  throw new Error(`${command} is not allowed`);
}

function set(place) {
  const source = place.textContent;
  try {
    window.katex.render(withoutDelimiters(source.trim()), place, {
      displayMode: place.classList.contains("math-display"),
      // KaTeX marks errors with an inline style, which the policy forbids; a broken formula stays as its source.
      throwOnError: true,
      strict: "ignore",
      trust: refuse,
      maxExpand: 100,
      maxSize: 10,
    });
  } catch {
    place.textContent = source;
    place.classList.add("is-broken");
    place.title = document.querySelector("[data-broken-formula]")?.dataset.brokenFormula ?? "";
  }
}

document.querySelectorAll("span.math:not(:has(.katex), .is-broken)").forEach(set);
// Those of a long trace's later steps, when they come.
document.addEventListener("gradus:steps", ({ detail }) => {
  for (const step of detail) step.querySelectorAll("span.math").forEach(set);
});
