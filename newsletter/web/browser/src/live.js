// Figures that move. `data-live` is where they come from every other second, or more rarely from a
// server that takes long to answer, or that names a longer `pause` in seconds: sending goes first. They
// are JSON: each key fills the elements below with data-figure="key". A change of "state" shows the page anew. `data-part` and
// `data-whole` name the keys of which each tenth is announced.

import { make, number } from "./dom.js";
import { say } from "./words.js";

const [PAUSE, LONGEST_PAUSE, PATIENCE] = [2000, 15000, 10];

export function live(element) {
  const { live: address, part, whole } = element.dataset;
  const said = make("p", { class: "sr", role: "status" });
  element.append(said);
  const late = make("p", { class: "muted", hidden: true });
  element.append(late);
  let [tenth, timer] = [null, 0];

  async function ask() {
    clearTimeout(timer);
    if (document.hidden) return; // nobody looks, nobody asks
    const began = performance.now();
    const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "manual" }).catch(() => null);
    const took = performance.now() - began;
    const figures = answer?.ok ? await answer.json().catch(() => null) : null;
    clearTimeout(timer);
    const pause = Math.max(PAUSE, PATIENCE * took, 1000 * (figures?.pause ?? 0));
    timer = setTimeout(ask, Math.min(LONGEST_PAUSE, pause));
    if (figures) return show(figures);
    if (!answer || answer.ok) return; // the next one may come
    clearTimeout(timer);
    late.textContent = say("These figures are not renewed any more. Reload the page to see newer ones.");
    late.hidden = false;
  }

  function show(figures) {
    if (figures.state !== element.dataset.state) return location.reload();
    for (const place of element.querySelectorAll("[data-figure]")) fillIn(place, figures);
    announce(figures);
  }

  function announce(figures) {
    if (!(figures[whole] > 0)) return;
    const now = Math.floor((figures[part] * 10) / figures[whole]);
    if (tenth !== null && now > tenth) {
      said.textContent = say("{percent} percent: {part} of {whole}.", { percent: now * 10, part: number(figures[part]), whole: number(figures[whole]) });
    }
    tenth = now;
  }

  document.addEventListener("visibilitychange", ask);
  timer = setTimeout(ask, PAUSE); // the page has come with its figures
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
