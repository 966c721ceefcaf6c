/* Offers the browser's time zone where the page goes by another one. */

const form = document.querySelector("form[data-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (form && zone && zone !== form.dataset.zone) {
  form.elements.time_zone.value = zone;
  form.querySelector("span").textContent = zone.replaceAll("_", " ");
  form.hidden = false;
}
