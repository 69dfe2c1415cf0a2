// A drawer is the target of a link (#details, #preview). With script it takes the focus when it opens;
// Escape closes it, and the focus goes back to the link that opened it.

export function drawer(element) {
  let opener = null;
  const links = document.querySelectorAll(`a[href="#${element.id}"]`);
  for (const link of links) link.addEventListener("click", () => (opener = link));
  const isOpen = () => location.hash === `#${element.id}`;
  const follow = () => {
    const rest = document.querySelectorAll("[data-behind]");
    if (isOpen()) {
      for (const one of rest) one.inert = !one.contains(element);
      element.focus();
      element.dispatchEvent(new Event("desk:shown"));
      element.querySelector("[data-preview]")?.dispatchEvent(new Event("desk:shown"));
    } else if (opener) {
      for (const one of rest) one.inert = false;
      opener.focus();
      opener = null;
    }
  };
  addEventListener("hashchange", follow);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen() && !event.defaultPrevented) location.hash = "#main";
  });
}
