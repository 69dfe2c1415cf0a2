// The email beside the text: <div data-preview="/desk/drafts/K/preview" data-form="ID"> with a frame in
// it. What the form holds is posted into a second frame, which takes the place of the first when it is
// there: nothing blinks. Posted, since the frame has a policy of its own, which a page cannot give it.

import { fieldsOf, later, make } from "./dom.js";
import { fit } from "./fit.js";

const QUIET = 1000;

export function preview(element) {
  const form = document.getElementById(element.dataset.form) ?? element.closest("form");
  const first = element.querySelector("iframe");
  if (!form || !first) return;
  let shown = first;
  let stale = true;
  let loading = null;

  const renew = later(QUIET, () => {
    stale = true;
    if (!element.offsetParent || loading) return;
    stale = false;
    loading = frame(first);
    shown.after(loading);
    loading.addEventListener("load", arrived);
    // from the next document on: this one, which is empty, has to tell that it is
    loading.setAttribute("sandbox", first.getAttribute("sandbox") ?? "");
    post(address(), loading.name, fieldsOf(form));
  });

  const address = () => element.dataset.preview + (element.dataset.view ? `?view=${element.dataset.view}` : "");

  // desktop, phone, dark and the others, without another page
  for (const tab of element.closest("aside")?.querySelectorAll("nav a[href*='view=']") ?? []) {
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      element.dataset.view = new URL(tab.href).searchParams.get("view");
      for (const one of tab.parentElement.children) one.removeAttribute("aria-current");
      tab.setAttribute("aria-current", "true");
      element.classList.toggle("mail--dark", element.dataset.view === "dark");
      renew();
      renew.now();
    });
  }

  function arrived() {
    // the empty document that a frame begins with
    if (reads(loading)) return;
    shown.remove();
    loading.classList.remove("waiting");
    loading.removeAttribute("aria-hidden");
    loading.removeEventListener("load", arrived);
    loading.classList.toggle("phone", element.dataset.view === "phone");
    if (first.hasAttribute("data-fit")) fit(loading);
    shown = loading;
    loading = null;
    if (stale) renew();
  }

  form.addEventListener("input", renew);
  form.addEventListener("change", renew);
  element.addEventListener("desk:shown", () => stale && renew());
  element.closest("details")?.addEventListener("toggle", () => stale && renew());
  new ResizeObserver(() => stale && element.offsetParent && renew()).observe(element);
}

let count = 0;

function frame(like) {
  const made = make("iframe", {
    class: `${like.className.replace(/\bwaiting\b/, "")} waiting`,
    title: like.title,
    name: `preview-${++count}`,
    "aria-hidden": "true",
  });
  return made;
}

// a frame of another origin, as a sandboxed one is, cannot be read
function reads(frame) {
  try {
    return frame.contentWindow.location.href === "about:blank";
  } catch {
    return false;
  }
}

function post(action, target, fields) {
  const form = make("form", { method: "post", action, target, hidden: true });
  for (const [name, values] of Object.entries(fields)) {
    for (const value of values) {
      // a text area keeps its line breaks, a hidden input too, but not all browsers agreed on that
      const control = make("textarea", { name });
      control.value = value;
      form.append(control);
    }
  }
  document.body.append(form);
  form.submit();
  form.remove();
}
