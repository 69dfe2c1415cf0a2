// Figures that move. `data-live` is where they are read as JSON: each key fills the elements below with
// data-figure="key". A change of "state" shows the page anew. `data-part` and `data-whole` name the
// keys of which each tenth is announced.

import { make, number } from "./dom.js";

const QUICK = 2000;
const CALM = 5000;
const TROUBLED = 15000;

export function live(element) {
  const { live: address, part, whole } = element.dataset;
  const said = make("p", { class: "sr", role: "status" });
  element.append(said);
  const late = make("p", { class: "muted", hidden: true });
  element.append(late);
  let [state, before, tenth] = [element.dataset.state, "", null];
  let timer = 0;

  async function look() {
    timer = 0;
    let wait = TROUBLED;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.status === 401) return tell("You've been signed out. Reload the page to sign in again.");
      if (!answer.ok) throw new Error(answer.status);
      const text = await answer.text();
      wait = text === before ? CALM : QUICK;
      before = text;
      show(JSON.parse(text));
      late.hidden = true;
    } catch {
      tell("These figures could not be renewed just now. We keep trying.");
    }
    next(wait);
  }

  function show(figures) {
    if (state !== undefined && figures.state !== undefined && figures.state !== state) {
      return location.reload();
    }
    for (const place of element.querySelectorAll("[data-figure]")) fillIn(place, figures);
    announce(figures);
  }

  function announce(figures) {
    if (!(figures[whole] > 0)) return;
    const now = Math.floor((figures[part] * 10) / figures[whole]);
    if (tenth !== null && now > tenth) {
      said.textContent = `${now * 10} percent: ${number(figures[part])} of ${number(figures[whole])}.`;
    }
    tenth = now;
  }

  function tell(sentence) {
    late.textContent = sentence;
    late.hidden = false;
  }

  function next(wait) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, wait);
  }

  // nobody looks, nobody asks
  document.addEventListener("visibilitychange", () => next(0));
  next(QUICK);
}

function fillIn(place, figures) {
  const value = figures[place.dataset.figure];
  if (value === undefined || value === null) return;
  if (place instanceof HTMLProgressElement) {
    if (figures[place.dataset.max] > 0) place.max = figures[place.dataset.max];
    place.value = value;
    return;
  }
  const text = typeof value === "number" ? number(value) : String(value);
  if (place.textContent !== text) place.textContent = text;
}
