// Parts of a page of which one is shown: <div data-tabs> with <ul class="tabs"> of links to #parts.
// Without script all of them stand below each other.

export function tabs(element) {
  const links = [...element.querySelectorAll('.tabs a[href^="#"]')];
  const parts = links.map((link) => document.getElementById(link.hash.slice(1)));
  if (links.length < 2 || parts.includes(null)) return;
  const list = links[0].closest(".tabs");
  list.setAttribute("role", "tablist");
  list.querySelectorAll("li").forEach((item) => item.setAttribute("role", "presentation"));

  const show = (chosen) => {
    links.forEach((link, at) => {
      link.setAttribute("aria-selected", String(at === chosen));
      link.tabIndex = at === chosen ? 0 : -1;
      parts[at].hidden = at !== chosen;
    });
  };
  links.forEach((link, at) => {
    link.id ||= `tab-${parts[at].id}`;
    link.setAttribute("role", "tab");
    link.setAttribute("aria-controls", parts[at].id);
    parts[at].setAttribute("role", "tabpanel");
    parts[at].setAttribute("aria-labelledby", link.id);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", link.hash);
      show(at);
    });
    link.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const next = step ? (at + step + links.length) % links.length : { Home: 0, End: links.length - 1 }[event.key];
      if (next === undefined) {
        if (event.key === " ") link.click();
        else return;
      } else {
        show(next);
        links[next].focus();
      }
      event.preventDefault();
    });
  });
  const named = links.findIndex((link) => link.hash === location.hash);
  show(Math.max(0, named));
}
