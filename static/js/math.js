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

for (const place of document.querySelectorAll("span.math")) {
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
