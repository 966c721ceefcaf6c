/* Figures as files: the drawing as SVG or PNG in the colours it has on the page, its table as CSV. */

const STYLES = [
  "fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight", "font-variant-numeric", "text-anchor",
  "stroke-dasharray", "stroke-linejoin", "paint-order",
];
const SHARPNESS = 2;

function drawn(svg) {
  const copy = svg.cloneNode(true);
  const shown = [svg, ...svg.querySelectorAll("*")];
  const copied = [copy, ...copy.querySelectorAll("*")];
  shown.forEach((one, place) => {
    const style = getComputedStyle(one);
    copied[place].removeAttribute("class");
    for (const name of STYLES) copied[place].setAttribute(name, style.getPropertyValue(name));
  });
  const { x, width, height } = svg.viewBox.baseVal;
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("x", x);
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", getComputedStyle(document.documentElement).backgroundColor);
  copy.prepend(paper);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

async function pixels({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: width * SHARPNESS,
    height: height * SHARPNESS,
  });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/* A cell that a spreadsheet would take for a formula stays a text. */
function cell(element) {
  const text = element.textContent.trim().replace(/\s+/g, " ").replaceAll("−", "-");
  const isFormula = /^[=+@\t]/.test(text) || (text.startsWith("-") && !/^-[\d.,]/.test(text));
  return `"${(isFormula ? `'${text}` : text).replaceAll('"', '""')}"`;
}

function lines(table) {
  return [...table.rows].map((row) => [...row.cells].map(cell).join(",")).join("\r\n");
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const offer of document.querySelectorAll("[data-figure]")) {
  const figure = offer.closest("figure");
  const table = figure.querySelector("table");
  offer.hidden = false;
  offer.addEventListener("click", async ({ target }) => {
    const kind = target.dataset.as;
    if (!kind) return;
    const name = `${offer.dataset.figure}.${kind}`;
    const svg = [...figure.querySelectorAll("svg")].find((one) => one.getClientRects().length);
    if (kind === "csv") save(new Blob([lines(table)], { type: "text/csv;charset=utf-8" }), name);
    else if (kind === "svg") save(new Blob([drawn(svg).text], { type: "image/svg+xml" }), name);
    else save(await pixels(drawn(svg)), name);
  });
}
