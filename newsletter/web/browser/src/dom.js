// Elements, and what people are told.

/** An element with attributes and children. An attribute that is null or false is left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Say of a field whether what it holds is wrong. */
export function mark(control, wrong) {
  if (wrong) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
}

/** The time of day as the desk shows it, in the zone that <html data-zone> names: 14:02. */
export function clock(date = new Date()) {
  const timeZone = document.documentElement.dataset.zone || undefined;
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
}

/** 4,213, as the page's language writes it. */
export function number(value) {
  return value.toLocaleString(document.documentElement.lang);
}

/** Calls a function once it has been quiet for so long; `.now()` does it at once if it is due. */
export function later(milliseconds, act) {
  let timer = 0;
  const run = () => {
    timer = 0;
    act();
  };
  const call = () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
  call.now = () => {
    if (!timer) return;
    clearTimeout(timer);
    run();
  };
  call.never = () => {
    clearTimeout(timer);
    timer = 0;
  };
  return call;
}

/** What the names of a form's fields hold, each a list: a tick that is not set is in none. */
export function fieldsOf(form) {
  const fields = {};
  for (const { name, type } of form.elements) {
    if (name && type !== "submit" && type !== "button" && type !== "file") fields[name] = [];
  }
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") fields[name] = [...(fields[name] ?? []), value.replace(/\r\n?/g, "\n")];
  }
  return fields;
}

/** What the server sent in a form. A browser may have put back what stood there once, unasked. */
export function sentIn(form) {
  const fields = {};
  for (const control of form.elements) {
    const { name, type } = control;
    if (!name || type === "submit" || type === "button" || type === "file") continue;
    fields[name] ??= [];
    if (type === "checkbox" || type === "radio") {
      if (control.defaultChecked) fields[name].push(control.value);
    } else if (control.options) {
      const set = [...control.options].filter((option) => option.defaultSelected);
      const shown = set.length || control.multiple ? set : [...control.options].slice(0, 1);
      fields[name].push(...shown.map((option) => option.value));
    } else fields[name].push(control.defaultValue.replace(/\r\n?/g, "\n"));
  }
  return fields;
}

/** Fill a form with what `fieldsOf` gave. */
export function fill(form, fields) {
  for (const [name, values] of Object.entries(fields)) {
    const list = [values].flat();
    const found = [...form.elements].filter((one) => one.name === name);
    let at = 0;
    for (const control of found) {
      if (control.type === "checkbox" || control.type === "radio") {
        control.checked = list.includes(control.value);
      } else if (control.type === "select-multiple") {
        for (const option of control.options) option.selected = list.includes(option.value);
      } else if (control.type !== "file" && control.type !== "submit") {
        control.value = list[at++] ?? "";
        control.dispatchEvent(new Event("desk:filled"));
      }
    }
  }
}
