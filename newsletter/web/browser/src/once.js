// A form is sent once, however often its button is pressed.

const AGAIN = 8000;

export function once(form) {
  let sent = 0;
  form.addEventListener("submit", (event) => {
    if (form.target || event.defaultPrevented) return;
    if (Date.now() - sent < AGAIN) event.preventDefault();
    else sent = Date.now();
  });
  // back from the next page, as the browser kept this one
  addEventListener("pageshow", () => (sent = 0));
}
