// What is typed in one place is seen in another: <span data-shows="subject title"> has the first of
// these fields that is filled in, and <span data-count="subject" data-most="60"> how long it is. A
// field of one line (data-one-line) takes Enter as the way on to the text.

import { say } from "./words.js";

export function mirror(place) {
  const form = formOf(place);
  const before = place.textContent;
  const names = place.dataset.shows.split(" ");
  const show = () => {
    const values = names.map((name) => form?.elements.namedItem(name)?.value.trim());
    place.textContent = values.find(Boolean) ?? (values.length > 1 ? "" : before);
  };
  form?.addEventListener("input", show);
  form?.addEventListener("desk:filled", show, { capture: true });
}

// <input type="color" hidden data-swatch="ID"> picks the colour of that field
export function swatch(picker) {
  const field = document.getElementById(picker.dataset.swatch);
  const show = () => /^#[0-9a-f]{6}$/i.test(field.value) && (picker.value = field.value);
  picker.addEventListener("input", () => {
    field.value = picker.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", show);
  show();
  picker.hidden = false;
}

export function count(place) {
  const control = formOf(place)?.elements.namedItem(place.dataset.count);
  const show = () => (place.textContent = say("{name} of {most}", { name: control.value.length, most: place.dataset.most }));
  for (const event of ["input", "desk:filled"]) control?.addEventListener(event, show);
}

export function oneLine(area) {
  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    area.rows = 1;
    while (area.scrollHeight > area.clientHeight && area.rows < 6) area.rows++;
  };
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (area.name === "title") area.form.querySelector(".ProseMirror, textarea[data-editor]:not([hidden])")?.focus();
  });
  area.addEventListener("input", () => {
    if (area.value.includes("\n")) area.value = area.value.replace(/\s*\n\s*/g, " ");
    fit();
  });
  area.addEventListener("desk:filled", fit);
  fit();
}

// of the preview, which stands beside the form
function formOf(place) {
  return place.closest("form") ?? document.getElementById("text");
}
