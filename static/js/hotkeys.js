/* Single keys, unless somebody is typing, a dialog is open, or a modifier says the key is meant for the browser. */

const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const PRESSED_BY_ENTER = "a, button, summary";

/* The character, or what the key would be on a Latin keyboard: digits without Shift on AZERTY, letters on Cyrillic. */
export function nameOf(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  if (digit && !/^\d$/.test(event.key) && !event.shiftKey) return digit[1];
  if (event.key.length > 1 || /^[\x20-\x7e]$/.test(event.key)) {
    return event.key.length === 1 ? event.key.toLowerCase() : event.key;
  }
  const letter = /^Key([A-Z])$/.exec(event.code);
  return letter ? letter[1].toLowerCase() : event.key;
}

function isMeantForUs(event, name) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (document.querySelector("dialog[open]") || event.target.closest(TYPING)) return false;
  if (name === "Enter") return !event.target.closest(PRESSED_BY_ENTER);
  // Arrows inside a group of radios choose there, as everywhere on the web.
  return !(name.startsWith("Arrow") && event.target.closest("input"));
}

/* `keys` maps a key's name to what it does; what returns false lets the browser have the key. */
export function listen(keys) {
  document.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (!Object.hasOwn(keys, name) || !isMeantForUs(event, name)) return;
    if (keys[name](event) !== false) event.preventDefault();
  });
}
