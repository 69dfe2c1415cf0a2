// What the editor asks for: an address, a picture, the words of a footnote. Each resolves to what was
// filled in, or to null.

import { make } from "../dom.js";

let count = 0;

function field(label, control, hint = "") {
  control.id = `ask-${++count}`;
  const about = hint && make("p", { class: "hint", id: `${control.id}-hint` }, hint);
  if (hint) control.setAttribute("aria-describedby", about.id);
  return make("div", { class: "field" }, make("label", { for: control.id }, label), about, control);
}

function tick(label, control) {
  control.id = `ask-${++count}`;
  return make("div", { class: "choice" }, control, make("label", { for: control.id }, label));
}

/** A dialog with a form; `check` gives the answer, or throws a sentence that says what is wrong. */
function ask(title, parts, check, { confirm = "Save", others = [] } = {}) {
  return new Promise((resolve) => {
    const heading = make("h2", { id: `ask-${++count}` }, title);
    const fault = make("p", { class: "fault", role: "alert" });
    const form = make("form", { method: "dialog", novalidate: true }, ...parts, fault);
    const dialog = make("dialog", { class: "ask sheet", "aria-labelledby": heading.id }, heading, form);
    const answer = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const button = (text, kind, act, type = "button") => make("button", { type, class: kind, onclick: act }, text);
    const go = button(confirm, "primary", null, "submit");
    form.append(
      make(
        "div",
        { class: "acts" },
        go,
        ...others.map(([text, value]) => button(text, "second", () => answer(value))),
        button("Cancel", "plain", () => answer(null)),
      ),
    );
    // it stands in the page beside the form of the text: what is typed in it is no change of that
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      answer(null);
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      fault.textContent = "";
      go.disabled = true;
      try {
        answer(await check());
      } catch (error) {
        fault.textContent = error instanceof Wrong ? error.message : "This did not work. Check your connection and try again.";
      } finally {
        go.disabled = false;
      }
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

class Wrong extends Error {}

/** An address as people write it: with https:// where they left it out, and mailto: for a mailbox. */
export function address(written) {
  const text = written.trim();
  if (!text) throw new Wrong("Enter an address, such as https://example.org.");
  if (/^[^\s@/:]+@[^\s@/]+\.[^\s@/]+$/.test(text)) return `mailto:${text}`;
  if (/^(mailto|tel):./i.test(text)) return text;
  const whole = /^https:\/\//i.test(text) ? text : text.replace(/^(http:\/\/|\/\/)?/i, "https://");
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) && !/^https?:/i.test(text)) {
    throw new Wrong("An email can only link to https:, mailto: and tel: addresses.");
  }
  try {
    const { hostname } = new URL(whole);
    if (hostname.includes(".")) return encodeURI(decodeURI(whole)) === whole ? whole : new URL(whole).href;
  } catch {
    // said below
  }
  throw new Wrong("Enter a whole address, such as https://example.org/page.");
}

export function askForLink({ href, text }) {
  const where = make("input", { type: "url", inputmode: "url", autocomplete: "off", value: href });
  const words = make("input", { type: "text", value: text });
  const parts = [field("Address", where, "A web address, or an email address"), field("Text", words)];
  return ask("Link", parts, () => ({ href: address(where.value), text: words.value.trim() }), {
    others: href ? [["Remove the link", { href: "", text }]] : [],
  });
}

export function askForNote({ source }) {
  const words = make("textarea", { rows: "3" });
  words.value = source;
  const check = () => {
    const text = words.value.trim().replace(/\s+/g, " ");
    if (!text) throw new Wrong("Enter what the footnote says.");
    let depth = 0;
    for (const sign of text.replace(/\\./g, "")) {
      depth += { "[": 1, "]": -1 }[sign] ?? 0;
      if (depth < 0) break;
    }
    return depth ? text.replace(/\\?([[\]])/g, "\\$1") : text;
  };
  return ask("Footnote", [field("What it says", words, "It stands at the end of the email, with a number.")], check);
}

/** A picture that is uploaded, or the words of one that is there (`chosen`). */
export function askForPicture({ address: where, file, chosen }) {
  const picked = make("input", { type: "file", accept: "image/png,image/jpeg,image/gif" });
  const alt = make("input", { type: "text", value: chosen?.attrs.alt ?? "" });
  const decoration = make("input", { type: "checkbox" });
  const caption = make("input", { type: "text", value: chosen?.attrs.title ?? "" });
  const choose = file ? make("p", {}, `Picture: ${file.name || "from the clipboard"}`) : field("Picture", picked, "PNG, JPEG or GIF, up to 10 MB");
  const parts = [
    ...(chosen ? [] : [choose]),
    field("What it shows", alt, "For those who can't see it, and while pictures are off"),
    ...(chosen ? [] : [tick("It is only decoration", decoration)]),
    field("Caption (optional)", caption, "Stands below the picture"),
  ];
  const check = async () => {
    const words = alt.value.trim();
    if (chosen) {
      if (!words && chosen.attrs.alt) throw new Wrong("Say what the picture shows.");
      const raw = words === chosen.attrs.alt ? chosen.attrs.raw : "";
      // as the server marks what says nothing: it does now
      const src = words ? chosen.attrs.src.replace(/,decoration$/, "") : chosen.attrs.src;
      return { ...chosen.attrs, src, alt: words, title: caption.value.trim(), raw };
    }
    const data = file ?? picked.files[0];
    if (!data) throw new Wrong("Choose a picture.");
    if (data.size > 10 * 1024 * 1024) throw new Wrong("The picture is larger than 10 MB. Choose a smaller one.");
    if (!words && !decoration.checked) throw new Wrong("Say what the picture shows, or tick that it is only decoration.");
    return uploaded(where, data, words, decoration.checked, caption.value.trim());
  };
  return ask("Picture", parts, check, { confirm: chosen ? "Save" : "Add the picture" });
}

async function uploaded(where, data, alt, decoration, title) {
  const form = new FormData();
  form.append("picture", data, data.name || "picture");
  form.append("alt", alt);
  if (decoration) form.append("decoration", "yes");
  form.append("caption", title);
  const answer = await fetch(where, { method: "POST", body: form, headers: { Accept: "application/json" }, redirect: "manual" });
  if (answer.status === 401) throw new Wrong("You've been signed out. Sign in again in another tab, then try once more.");
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Wrong(said.error ?? "This picture could not be added. Try another one.");
  const { address: src = said.src, alt: shown = alt } = said;
  return { src, alt: shown, title };
}
