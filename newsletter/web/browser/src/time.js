// <input data-time="/desk/time">: what the server reads in the words stands below the field. The hidden
// field beside it (NAME_read) says which meaning was shown. The answer: {"words", "wrong", "at"}.

import { later, mark } from "./dom.js";

const QUIET = 400;

export function time(input) {
  const place = document.getElementById(`${input.id}-read`);
  const shown = input.form.elements.namedItem(`${input.name}_read`);
  const show = ({ words, wrong, at }) => {
    place.textContent = words;
    const button = input.form.querySelector("[data-time-says]");
    if (button) {
      button.dataset.before ??= button.textContent;
      button.textContent = words && !wrong ? button.dataset.timeSays.replace("{at}", words) : button.dataset.before;
    }
    place.hidden = !words;
    place.classList.toggle("read--bad", wrong);
    mark(input, wrong);
    shown.value = wrong ? "" : at;
  };
  const read = later(QUIET, async () => {
    const typed = input.value.trim();
    if (!typed) return show({ words: "", wrong: false, at: "" });
    const address = `${input.dataset.time}?${new URLSearchParams({ typed })}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "manual" }).catch(() => null);
    // without an answer the page that follows shows it
    if (answer?.ok && typed === input.value.trim()) show(await answer.json());
  });
  input.addEventListener("input", () => {
    shown.value = "";
    const other = input.closest("fieldset")?.querySelector('[value="at"]');
    if (other) other.checked = true;
    read();
  });
  input.addEventListener("change", () => read.now());
}
