// <div data-embargo="/desk/time">: a text came with words of an embargo, and nobody has set its end.
// Two buttons take the place of the field for these words: one sets the end, if the server can read
// when it is, and one says that there is none.

import { make } from "./dom.js";
import { say } from "./words.js";

const LEADING = /^(?:(?:under )?embargo(?:ed)?|not (?:before|for (?:release|publication) (?:before|until))|hold|until)[\s:,–—-]+/i;

export function embargo(note) {
  const { elements } = note.closest("form");
  const [words, until] = ["embargo", "embargo_until"].map((name) => elements.namedItem(name));
  const field = words.closest(".field");
  if (field.classList.contains("faulty")) return;
  const settle = (end) => {
    for (const [control, value] of [[words, ""], ...(end ? [[until, end]] : [])]) {
      control.value = value;
      control.dispatchEvent(new Event("input", { bubbles: true }));
    }
    note.hidden = true;
    until.focus();
  };
  const acts = make("div", { class: "acts" }, button(say("There is no embargo"), "btn btn--plain", () => settle("")));
  field.hidden = true;
  field.after(acts);
  if (!until.value) offer(note.dataset.embargo, words.value, acts, settle);
}

async function offer(address, words, acts, settle) {
  let typed = words.trim();
  while (LEADING.test(typed)) typed = typed.replace(LEADING, "");
  const answer = await fetch(`${address}?${new URLSearchParams({ typed })}`, { redirect: "manual" }).catch(() => null);
  const read = answer?.ok ? await answer.json() : { wrong: true };
  if (!read.wrong) acts.prepend(button(say("Set {at}", { at: read.words }), "btn", () => settle(typed)));
}

function button(text, kind, act) {
  return make("button", { type: "button", class: kind, onclick: act }, text);
}
