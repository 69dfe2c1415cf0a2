// A button that prints the page; hidden where no script would press it.

export function print(element) {
  element.hidden = false;
  element.querySelector("button").addEventListener("click", () => window.print());
}
