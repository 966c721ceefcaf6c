/* The slider over risk, live: every place's words and marks come with the page, so nothing is asked and nothing is
   worked out here. Without this script the form asks the server. */

const places = JSON.parse(document.getElementById("risk-places").textContent);
const figure = document.getElementById("risk");
const form = figure.querySelector(".risk-form");
const slider = form.elements.place;

/* A circle that has no place is not drawn. */
function put(circle, x, y, radius) {
  circle.setAttribute("cx", x);
  circle.setAttribute("cy", y ?? 0);
  circle.setAttribute("r", y === null ? 0 : radius);
}

function mark(group, [x, expected, gold, low, high]) {
  const { top, bottom } = group.dataset;
  group.querySelector(".risks-rule").setAttribute("d", `M${x} ${top}V${bottom}`);
  group.querySelector(".risks-range").setAttribute("d", low === null ? "" : `M${x} ${low}V${high}`);
  put(group.querySelector(".risks-dot-expected"), x, expected, 4);
  put(group.querySelector(".risks-dot-gold"), x, gold, 5);
}

function show({ shown, title, tiles, marks }) {
  form.querySelector("[data-shown=shown]").textContent = shown;
  figure.querySelector("[data-shown=title]").textContent = title;
  slider.setAttribute("aria-valuetext", `${shown}. ${title}`);
  for (const [key, [value, note]] of Object.entries(tiles)) {
    const tile = figure.querySelector(`[data-tile="${key}"]`);
    tile.querySelector("dd").textContent = value;
    tile.querySelector(".tile-note").textContent = note;
  }
  for (const group of figure.querySelectorAll(".risks-mark")) mark(group, marks[group.dataset.frame]);
}

slider.addEventListener("input", () => show(places[slider.valueAsNumber]));
slider.addEventListener("change", () => {
  const address = new URL(location.href);
  address.searchParams.set("risk", places[slider.valueAsNumber].risk);
  address.searchParams.delete("place");
  history.replaceState(null, "", address);
});
/* A browser that goes back to the page may have kept the place of the slider. */
show(places[slider.valueAsNumber]);
form.classList.add("is-live");
