// A number that has to be typed: says beside it whether it is the one. The server decides.

import { make } from "./dom.js";
import { say } from "./words.js";

export function confirmNumber(input) {
  const wanted = input.dataset.confirmNumber.replace(/\D/g, "");
  const said = make("p", { class: "hint", role: "status" });
  input.after(said);
  input.addEventListener("input", () => {
    const typed = input.value.replace(/[\s,.']/g, "");
    if (typed === wanted) said.textContent = say("This is the number.");
    else said.textContent = typed.length >= wanted.length ? say("This is another number.") : "";
  });
}
