// Somebody else saved the text meanwhile: what differs, and three ways on. Nothing is lost by any.

import { both, hunks } from "./diff.js";
import { clock, fieldsOf, make } from "./dom.js";
import { say } from "./words.js";

export class Conflict {
  constructor(form, theirs, settle) {
    const mine = fieldsOf(form);
    const other = Object.fromEntries(
      Object.entries(theirs.fields).map(([name, value]) => [name, [value].flat().map((one) => one.replace(/\r\n?/g, "\n"))]),
    );
    const differing = Object.keys(other).filter(
      (name) => name in mine && String(mine[name]) !== String(other[name]),
    );
    const who = theirs.by || say("Somebody");
    const at = theirs.saved_at ? clock(new Date(theirs.saved_at)) : "–";
    const heading = theirs.own
      ? say("You saved this text at {at} in another window while you were writing", { at })
      : say("{who} saved this text at {at} while you were writing", { who, at });
    const title = make("h2", { id: "conflict-title" }, heading);
    const choice = (label, kind, act) => make("button", { type: "button", class: kind, onclick: act }, label);
    const combined = () => {
      const fields = { ...other };
      for (const name of differing) {
        const long = form.elements.namedItem(name) instanceof HTMLTextAreaElement;
        fields[name] = long ? [both(mine[name][0] ?? "", other[name][0] ?? "")] : mine[name];
      }
      return fields;
    };
    const named = theirs.own ? say("Take the other") : theirs.by ? say("Take {who}'s", { who }) : say("Take theirs");
    this.element = make(
      "section",
      { class: "conflict sheet", role: "alertdialog", tabindex: "-1", "aria-labelledby": "conflict-title", "aria-describedby": "conflict-text" },
      title,
      make("p", { id: "conflict-text" }, say("Your text has not been saved yet. Whichever you choose, both stay in the versions of this text.")),
      ...differing.map((name) => difference(labelOf(form, name), mine[name], other[name])),
      make(
        "div",
        { class: "acts" },
        choice(say("Keep mine"), "primary", () => settle(mine, true)),
        choice(named, "second", () => settle(other, false)),
        choice(say("Keep both"), "second", () => settle(combined(), false)),
      ),
    );
  }

  focus() {
    this.element.focus();
    this.element.scrollIntoView({ block: "start" });
  }

  close() {
    this.element.remove();
  }
}

function labelOf(form, name) {
  const control = [...form.elements].find((one) => one.name === name);
  return control?.closest("fieldset")?.querySelector("legend")?.textContent ?? control?.labels?.[0]?.textContent ?? name;
}

function difference(label, mine, theirs) {
  const lines = [];
  for (const hunk of hunks(mine.join("\n"), theirs.join("\n"))) {
    if (hunk.same) continue;
    for (const line of hunk.mine) if (line) lines.push(make("p", { class: "out" }, make("span", { class: "sr" }, say("Yours: ")), line));
    for (const line of hunk.theirs) if (line) lines.push(make("p", { class: "in" }, make("span", { class: "sr" }, say("Theirs: ")), line));
  }
  return make(
    "section",
    {},
    make("h3", {}, label.trim()),
    make("p", { class: "hint" }, say("− yours, + theirs")),
    make("div", { class: "diff" }, ...lines),
  );
}
