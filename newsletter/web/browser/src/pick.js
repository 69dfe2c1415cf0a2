// <button data-pick="ID">: the browser's own calendar, which types what is picked into the field. Hidden
// where there is none.

import { make } from "./dom.js";

export function pick(button) {
  const field = document.getElementById(button.dataset.pick);
  // no name, so that no form sends it; out of the order of tabs, which has the button
  const calendar = make("input", { type: "datetime-local", class: "pick__calendar", tabindex: "-1", "aria-hidden": "true" });
  if (!field || !calendar.showPicker) return;
  calendar.addEventListener("change", () => {
    if (!calendar.value) return;
    field.value = calendar.value.replace("T", " ");
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    field.focus();
  });
  button.after(calendar);
  button.hidden = false;
  button.addEventListener("click", () => calendar.showPicker());
}
