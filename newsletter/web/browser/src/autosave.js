// <form data-autosave="/desk/drafts/K/save" data-base="7">: what is typed is saved two seconds later.
//
// One save is under way at a time, and each names the version that it began from. Until it is saved, a
// copy stays in this tab, which outlives a session that ended, a reload and a broken line. A form that
// came back unsaved says so by data-unsaved. The server's answers: 200 {"version": 8, "saved_at": "…Z",
// "others": ["Ben"], "told": {"send_at": {"words": "what it means", "wrong": false}}, "settled":
// {"send_at": "the same in figures"}, "wrong": ["title"], "recipients": "12 people"}; 409 with what somebody else saved:
// {"version", "saved_at", "by", "own", "fields": {name: text or list}}; 401 when signed out; any other with
// {"error": "a sentence"}. The number of the version is no part of the text: a copy that differs in
// nothing else is one that was saved.

import { clock, fieldsOf, fill, later, make, mark, sentIn } from "./dom.js";
import { Conflict } from "./conflict.js";
import { say } from "./words.js";

const QUIET = 2000;
const AGAIN = 10_000;
const SENT = "desk:sent";

const refused = (status) => ({
  403: say("Your text was not saved: your role no longer lets you write here. It is kept in this tab."),
  413: say("Your text was not saved: it is too long. It is kept in this tab."),
})[status];

export function autosave(form) {
  return new Autosave(form);
}

// The page after a form was sent says what was done with it: then the copy in this tab has served. The
// address forgets it, so that the same page, loaded once more, says nothing of a form that failed since.
export function received() {
  try {
    const key = sessionStorage.getItem(SENT);
    sessionStorage.removeItem(SENT);
    const here = new URL(location.href);
    if (!here.searchParams.has("done")) return;
    if (key) sessionStorage.removeItem(key);
    here.searchParams.delete("done");
    history.replaceState(history.state, "", here);
  } catch {
    // nothing was kept in this tab
  }
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.address = form.dataset.autosave;
    this.base = form.dataset.base ?? "";
    this.key = `desk:${this.address}`;
    fill(form, sentIn(form));
    this.saved = this.fields;
    this.first = fieldsOf(form);
    this.saving = false;
    this.leaving = false;
    this.conflict = null;
    this.mark = form.querySelector("[data-saved]") ?? form.appendChild(make("p", { class: "saved muted" }));
    // seen at a glance, and not read out after each word; what goes wrong is
    this.mark.setAttribute("aria-live", "off");
    this.notice = make("div", { class: "save-notice", role: "status" });
    this.place = form.querySelector("[data-notices]") ?? form;
    this.place.prepend(this.notice);
    // what saves by itself needs no button
    for (const button of form.querySelectorAll("[data-save]")) button.hidden = true;
    this.save = later(QUIET, () => this.send());
    this.keep = later(300, () => this.remember());
    this.listen();
    if (form.dataset.unsaved === undefined) return this.restore();
    // what came back was refused: it is nowhere but here
    this.saved = "{}";
    this.remember();
  }

  listen() {
    const changed = () => this.changed();
    this.form.addEventListener("input", changed);
    this.form.addEventListener("change", changed);
    this.form.addEventListener("submit", (event) => this.submit(event));
    // Enter in a field sends no form, since what is typed is saved
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) event.preventDefault();
    });
    this.form.addEventListener("focusout", ({ target }) => this.settle(target));
    document.addEventListener("visibilitychange", () => document.hidden && this.hurry());
    addEventListener("pagehide", () => this.hurry());
    addEventListener("pageshow", () => (this.leaving = false));
    addEventListener("online", () => this.dirty && this.send());
    addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.leaving) event.preventDefault();
    });
  }

  get fields() {
    const { base: _, ...fields } = fieldsOf(this.form);
    return JSON.stringify(fields);
  }

  get dirty() {
    return this.fields !== this.saved;
  }

  changed() {
    if (!this.dirty || this.conflict) return;
    this.show(say("Not saved yet"));
    this.keep();
    this.save();
  }

  hurry() {
    this.keep.now();
    this.save.now();
  }

  // --- the copy in this tab

  remember() {
    if (!this.dirty) return;
    const copy = { base: this.base, fields: JSON.parse(this.fields), at: clock() };
    try {
      sessionStorage.setItem(this.key, JSON.stringify(copy));
    } catch {
      this.tell(say("This browser keeps no copy of your text until it is saved."));
    }
  }

  sent() {
    try {
      sessionStorage.setItem(SENT, this.key);
    } catch {
      // no copy was kept either
    }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // nothing was kept either
    }
  }

  restore() {
    let copy = null;
    try {
      copy = JSON.parse(sessionStorage.getItem(this.key) ?? "null");
    } catch {
      this.forget();
    }
    const theirs = JSON.parse(this.saved);
    if (!copy || alike(copy.fields, theirs)) return this.forget();
    fill(this.form, copy.fields);
    if (String(copy.base) !== String(this.base)) {
      return this.clash({ version: this.base, fields: theirs, by: "", saved_at: "" });
    }
    const discard = make("button", { type: "button", onclick: () => this.discard(theirs) }, say("Discard it"));
    this.tell(say("We put back what you typed at {at}, which had not been saved.", { at: copy.at }), " ", discard);
    this.show(say("Not saved yet"));
    this.save();
  }

  discard(fields) {
    this.save.never();
    fill(this.form, fields);
    this.forget();
    this.tell("");
    if (this.dirty) this.save();
    else this.show("");
  }

  // --- saving

  send(fields = this.fields) {
    if (this.saving || this.conflict) return Promise.resolve(false);
    this.flight = this.fly(fields);
    return this.flight;
  }

  async fly(fields) {
    if (fields === this.saved) {
      this.forget();
      this.show(say("Saved {at}", { at: clock() }));
      return true;
    }
    this.saving = true;
    this.show(say("Saving…"));
    let done = false;
    try {
      done = await this.answered(await this.post(fields), fields);
    } catch {
      this.trouble(say("Your text could not be saved just now. It is kept in this tab, and we try again."));
    }
    this.saving = false;
    if (done && this.dirty) this.changed();
    return done;
  }

  post(fields) {
    const body = JSON.stringify({ base: this.base, fields: JSON.parse(fields) });
    return fetch(this.address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body,
      redirect: "manual",
      // a page that is being left may still send so much
      keepalive: body.length < 60_000,
    });
  }

  async answered(answer, fields) {
    if (answer.status === 409) {
      this.clash(await answer.json());
      return false;
    }
    if (answer.status === 401 || answer.type === "opaqueredirect") return this.signedOut();
    if (!answer.ok) {
      const said = (await answer.json().catch(() => ({}))).error ?? refused(answer.status);
      this.remember();
      this.show(say("Not saved"));
      this.tell(said ?? say("Your text was not saved. It is kept in this tab. Try again, or copy it."));
      return false;
    }
    const { version, others, saved_at: at, told, settled, wrong, recipients } = await answer.json();
    this.base = version;
    this.form.dataset.base = version;
    const base = this.form.elements.namedItem("base");
    if (base) base.value = version;
    this.saved = fields;
    if (!this.dirty) this.forget();
    this.tell("");
    this.show(say("Saved {at}", { at: clock(at ? new Date(at) : new Date()) }));
    this.company(others);
    this.explain(told);
    this.mend(wrong ?? [], JSON.parse(fields));
    this.settled = settled ?? {};
    for (const name of Object.keys(this.settled)) this.settle(this.form.elements.namedItem(name));
    const people = this.form.querySelector("[data-people]");
    if (people && recipients !== undefined) people.textContent = recipients;
    return true;
  }

  // what a time in words means, or why it means nothing, stands below it: nobody has to send the form first
  explain(told) {
    for (const place of this.form.querySelectorAll("[data-told]")) {
      const { words = "", wrong = false } = told?.[place.dataset.told] ?? {};
      place.hidden = !words;
      place.classList.toggle("read--bad", wrong);
      mark(this.form.elements.namedItem(place.dataset.told), wrong);
      if (place.textContent !== words) place.textContent = words;
    }
  }

  // a fault that the page came with goes once its field was changed, and is not wrong any more
  mend(wrong, fields) {
    const summary = this.form.querySelector(".errors");
    for (const name of new Set([...(summary?.querySelectorAll("a") ?? [])].map((link) => link.hash.slice(1)))) {
      if (wrong.includes(name) || String(fields[name]) === String(this.first[name])) continue;
      const field = document.getElementById(name);
      (document.getElementById(`${name}-fault`) ?? field?.querySelector(".fault"))?.remove();
      field?.closest(".faulty")?.classList.remove("faulty");
      mark(field, false);
      for (const link of summary.querySelectorAll(`a[href="#${name}"]`)) (link.closest("li") ?? link).remove();
      if (!summary.querySelector("a")) summary.remove();
    }
  }

  // "tomorrow" becomes the date that it meant, once its field is left and nothing in it is unsaved
  settle(control) {
    const figures = this.settled?.[control?.name];
    if (!figures || control === document.activeElement || this.dirty || control.value === figures) return;
    control.value = figures;
    this.saved = this.fields;
  }

  company(others) {
    const place = this.form.querySelector("[data-others]");
    if (!place || !others) return;
    const who = new Intl.ListFormat(document.documentElement.lang).format(others);
    place.textContent = who && say("{who} is in this text", "{who} are in this text", { count: others.length, who });
  }

  signedOut() {
    this.remember();
    this.show(say("Not saved"));
    const next = encodeURIComponent(location.pathname + location.search);
    const link = make("a", { href: `/desk/sign-in?next=${next}`, onclick: () => (this.leaving = true) }, say("Sign in"));
    this.tell(say("You've been signed out. Your text is kept in this tab. Sign in, and you'll find it here."), " ", link);
    return false;
  }

  trouble(sentence) {
    this.remember();
    this.show(say("Not saved"));
    this.tell(sentence);
    setTimeout(() => this.dirty && this.send(), AGAIN);
  }

  // the page goes on by itself: it is saved by what it is sent to
  submit(event) {
    if (this.conflict) {
      event.preventDefault();
      this.conflict.focus();
      return;
    }
    if (event.defaultPrevented) return;
    if (this.saving) {
      // what is under way makes a version, which the form has to name
      event.preventDefault();
      this.flight.then(() => this.form.requestSubmit(event.submitter));
      return;
    }
    this.save.never();
    this.keep.now();
    this.sent();
    this.leaving = true;
  }

  // --- two who wrote at once

  clash(theirs) {
    this.save.never();
    this.remember();
    this.show(say("Not saved"));
    this.tell("");
    this.conflict = new Conflict(this.form, theirs, (fields, keepsMine) => this.decide(theirs, fields, keepsMine));
    if (this.place === this.form) this.form.before(this.conflict.element);
    else this.place.prepend(this.conflict.element);
    this.conflict.focus();
  }

  // Whatever was chosen, both stay versions: mine is saved on top of theirs before anything else is
  async decide(theirs, fields, keepsMine) {
    this.conflict.close();
    this.conflict = null;
    this.base = theirs.version;
    const mine = this.fields;
    this.saved = JSON.stringify({ ...JSON.parse(mine), ...listed(theirs.fields) });
    if (!keepsMine) {
      if (!(await this.send(mine))) return;
      fill(this.form, fields);
    }
    await this.send();
    this.form.querySelector("[data-editor], textarea, input:not([type=hidden])")?.focus();
  }

  show(text) {
    if (this.mark.textContent !== text) this.mark.textContent = text;
  }

  tell(...parts) {
    this.notice.replaceChildren(...(parts[0] ? [make("p", {}, ...parts)] : []));
  }
}

// a field that one of them does not have is an empty one
function alike(one, other) {
  const { base: _, ...copy } = one;
  return Object.keys({ ...copy, ...other }).every((name) => String(copy[name] ?? "") === String(other[name] ?? ""));
}

function listed(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value].flat()]));
}
