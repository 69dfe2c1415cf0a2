// A button that copies the words of another element; hidden where no script would copy them.

import { say } from "./words.js";

export function copy(element) {
  if (!navigator.clipboard) return;
  element.hidden = false;
  element.querySelector("button").addEventListener("click", async () => {
    const from = document.getElementById(element.dataset.copy);
    const said = element.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText((from.value ?? from.innerText).trim());
      said.textContent = say("Copied");
    } catch {
      said.textContent = say("Not copied. Select it and copy it yourself.");
    }
  });
}
