/* An image enlarges in a dialog, by click or by Enter. Without script its link shows it on a page of its own. */

let enlarged = null;

function madeForImages(closing) {
  const element = document.createElement("dialog");
  element.className = "enlarged";
  const form = document.createElement("form");
  form.method = "dialog";
  const close = document.createElement("button");
  close.textContent = closing;
  const image = document.createElement("img");
  form.append(image, close);
  element.append(form);
  element.addEventListener("click", ({ target }) => {
    if (target === element) element.close();
  });
  document.body.append(element);
  return element;
}

export function enlargeImages() {
  document.addEventListener("click", enlarge);
}

function enlarge(event) {
  const link = event.target.closest("a[data-image]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  enlarged ??= madeForImages(link.dataset.close);
  const small = link.querySelector("img");
  const large = enlarged.querySelector("img");
  large.src = link.href;
  large.alt = small.alt;
  large.width = Number(small.getAttribute("width"));
  large.height = Number(small.getAttribute("height"));
  enlarged.setAttribute("aria-label", small.alt);
  enlarged.showModal();
}
