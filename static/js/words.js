/* What scripts say, in the page's language: English stands in the script, other languages come with the page as data
   (webapp/script_words.py). "{name}" in a text is filled from `values`; what is filled in is text, never HTML. */

const SAID = JSON.parse(document.getElementById("script-words")?.textContent ?? "{}");

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function gettext(text, values = {}) {
  return filled(SAID[text] ?? text, values);
}

/* `n` chooses the form, and fills "{n}". */
export function ngettext(one, many, n, values = {}) {
  const found = SAID[one] ?? [one, many];
  const form = Array.isArray(found) ? found[n === 1 ? 0 : 1] : found.forms[Number(found.of[n < 100 ? n : 100 + (n % 100)])];
  return filled(form, { n, ...values });
}

/* A number as people read it, with this many decimals. */
export function shownNumber(value, decimals) {
  const { lang } = document.documentElement;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: false };
  return new Intl.NumberFormat(lang, digits).format(value);
}
