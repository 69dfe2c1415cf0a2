// What the editor asks for: an address, a picture, the words of a footnote. Each resolves to what was
// filled in, or to null.

import { make } from "../dom.js";
import { say } from "../words.js";
import { FILE, LEAD_HEIGHT, LEAD_WIDTH, PULLED } from "./blocks.js";

let count = 0;

function field(label, control, hint = "") {
  control.id = `ask-${++count}`;
  const about = hint && make("p", { class: "hint", id: `${control.id}-hint` }, hint);
  if (hint) control.setAttribute("aria-describedby", about.id);
  return make("div", { class: "field" }, make("label", { for: control.id }, label), about, control);
}

function tick(label, control) {
  control.id = `ask-${++count}`;
  return make("div", { class: "check" }, control, make("label", { for: control.id }, label));
}

/** A dialog with a form; `check` gives the answer, or throws a sentence that says what is wrong. */
function ask(title, parts, check, { confirm = say("Save"), others = [] } = {}) {
  return new Promise((resolve) => {
    const heading = make("h2", { id: `ask-${++count}` }, title);
    const fault = make("p", { class: "fault", role: "alert" });
    const form = make("form", { method: "dialog", novalidate: true }, ...parts, fault);
    const dialog = make("dialog", { class: "ask", "aria-labelledby": heading.id }, heading, form);
    const answer = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const button = (text, kind, act, type = "button") => make("button", { type, class: kind, onclick: act }, text);
    const go = button(confirm, "btn btn--main", null, "submit");
    form.append(
      make(
        "div",
        { class: "acts" },
        go,
        ...others.map(([text, value]) => button(text, "btn", () => answer(value))),
        button(say("Cancel"), "btn btn--plain", () => answer(null)),
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
        fault.textContent = error instanceof Wrong ? error.message : say("This did not work. Check your connection and try again.");
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
  if (!text) throw new Wrong(say("Enter an address, such as https://example.org."));
  if (/^[^\s@/:]+@[^\s@/]+\.[^\s@/]+$/.test(text)) return `mailto:${text}`;
  if (/^(mailto|tel):./i.test(text)) return text;
  const whole = /^https:\/\//i.test(text) ? text : text.replace(/^(http:\/\/|\/\/)?/i, "https://");
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) && !/^https?:/i.test(text)) {
    throw new Wrong(say("An email can only link to https:, mailto: and tel: addresses."));
  }
  try {
    const { hostname } = new URL(whole);
    if (hostname.includes(".")) return encodeURI(decodeURI(whole)) === whole ? whole : new URL(whole).href;
  } catch {
    // said below
  }
  throw new Wrong(say("Enter a whole address, such as https://example.org/page."));
}

export function askForLink({ href, text }) {
  const where = make("input", { type: "url", inputmode: "url", autocomplete: "off", value: href });
  const words = make("input", { type: "text", value: text });
  const parts = [field(say("Address"), where, say("A web address, or an email address")), field(say("Text"), words)];
  return ask(say("Link"), parts, () => ({ href: address(where.value), text: words.value.trim() }), {
    others: href ? [[say("Remove the link"), { href: "", text }]] : [],
  });
}

export function askForButton({ href, text }) {
  const where = make("input", { type: "url", inputmode: "url", autocomplete: "off", value: href });
  const words = make("input", { type: "text", value: text });
  const parts = [field(say("Text"), words, say("What happens, such as Read the report")), field(say("Address"), where)];
  return ask(say("Button"), parts, () => ({ text: needed(words, say("Enter the text of the button.")), href: address(where.value) }), {
    confirm: href ? say("Save") : say("Add the button"),
  });
}

export function askForQuote({ text, who }) {
  const words = make("textarea", { rows: "3" });
  words.value = text;
  const name = make("input", { type: "text", value: who });
  const parts = [field(say("Quote"), words, say("Up to {most} characters; a longer one is an ordinary quote", { most: PULLED })), field(say("Who said it"), name)];
  const check = () => {
    const said = needed(words, say("Enter the quote."));
    if (said.length > PULLED) throw new Wrong(say("This quote has {length} characters. Shorten it to {most}.", { length: said.length, most: PULLED }));
    return { text: said, who: needed(name, say("Enter who said it.")) };
  };
  return ask(say("Pull quote"), parts, check, { confirm: who ? say("Save") : say("Add the quote") });
}

export function askForFile({ text }) {
  const where = make("input", { type: "url", inputmode: "url", autocomplete: "off" });
  const words = make("input", { type: "text", value: text });
  const size = make("input", { type: "text" });
  const parts = [
    field(say("Name"), words, say("Such as Press kit")),
    field(say("Address of the file"), where, say("Such as https://example.org/kit.zip")),
    field(say("Kind and size (optional)"), size, say("Such as ZIP, 12 MB")),
  ];
  const check = () => {
    const found = { text: needed(words, say("Enter a name.")), href: address(where.value), size: trimmed(size).replace(/[()[\]]/g, "") };
    const isFile = FILE.test(new URL(found.href).pathname);
    if (!isFile) throw new Wrong(say("This is not the address of a file. It should end in .pdf, .zip, .docx or another kind of file."));
    if (found.size.length > 60) throw new Wrong(say("Shorten the kind and size."));
    return found;
  };
  return ask(say("File to download"), parts, check, { confirm: say("Add the file") });
}

export function askForGreeting({ isAlone }) {
  const before = make("input", { type: "text", value: "Dear" });
  const word = make("input", { type: "text", value: "friend" });
  const parts = [
    ...(isAlone ? [field(say("Greeting"), before)] : []),
    field(say("For readers without a name"), word, say("Everybody else reads their own name")),
  ];
  const check = () => {
    const found = needed(word, say("Enter a word."));
    if (!/^\p{L}[\p{L}\p{M} .,·’'-]{0,59}$/u.test(found)) throw new Wrong(say("Use letters only, at most 60."));
    return { before: trimmed(before), word: found };
  };
  return ask(say("Greeting by name"), parts, check, { confirm: say("Add the greeting") });
}

const trimmed = ({ value }) => value.trim().replace(/\s+/g, " ");

function needed(control, sentence) {
  const text = trimmed(control);
  if (!text) throw new Wrong(sentence);
  return text;
}

export function askForNote({ source }) {
  const words = make("textarea", { rows: "3" });
  words.value = source;
  const check = () => {
    const text = words.value.trim().replace(/\s+/g, " ");
    if (!text) throw new Wrong(say("Enter what the footnote says."));
    let depth = 0;
    for (const sign of text.replace(/\\./g, "")) {
      depth += { "[": 1, "]": -1 }[sign] ?? 0;
      if (depth < 0) break;
    }
    return depth ? text.replace(/\\?([[\]])/g, "\\$1") : text;
  };
  return ask(say("Footnote"), [field(say("What it says"), words, say("It stands at the end of the email, with a number."))], check);
}

/** A picture that is uploaded, or the words of one that is there (`chosen`). */
export function askForPicture({ address: where, file, chosen, isLead = false }) {
  const picked = make("input", { type: "file", accept: "image/png,image/jpeg,image/gif" });
  const alt = make("input", { type: "text", value: chosen?.attrs.alt ?? "" });
  const decoration = make("input", { type: "checkbox" });
  const caption = make("input", { type: "text", value: chosen?.attrs.title ?? "" });
  const choose = file ? make("p", {}, say("Picture: {name}", { name: file.name || say("from the clipboard") })) : field(say("Picture"), picked, isLead ? say("At least {least} pixels wide, better 1,200, and wider than tall", { least: LEAD_WIDTH }) : say("PNG, JPEG or GIF, up to 10 MB"));
  const parts = [
    ...(chosen ? [] : [choose]),
    field(say("What it shows"), alt, say("For those who can't see it, and while pictures are off")),
    ...(chosen ? [] : [tick(say("It is only decoration"), decoration)]),
    field(say("Caption (optional)"), caption, say("Stands below the picture")),
  ];
  const check = async () => {
    const words = alt.value.trim();
    if (chosen) {
      if (!words && chosen.attrs.alt) throw new Wrong(say("Say what the picture shows."));
      const raw = words === chosen.attrs.alt ? chosen.attrs.raw : "";
      // as the server marks what says nothing: it does now
      const src = words ? chosen.attrs.src.replace(/,decoration$/, "") : chosen.attrs.src;
      return { ...chosen.attrs, src, alt: words, title: caption.value.trim(), raw };
    }
    const data = file ?? picked.files[0];
    if (!data) throw new Wrong(say("Choose a picture."));
    if (data.size > 10 * 1024 * 1024) throw new Wrong(say("The picture is larger than 10 MB. Choose a smaller one."));
    if (!words && !decoration.checked) throw new Wrong(say("Say what the picture shows, or mark it as decoration."));
    if (isLead) await checkWide(data);
    return uploaded(where, data, words, decoration.checked, caption.value.trim());
  };
  return ask(isLead ? say("Lead picture") : say("Picture"), parts, check, { confirm: chosen ? say("Save") : say("Add the picture") });
}

async function checkWide(data) {
  const found = await createImageBitmap(data).catch(() => null);
  // what the browser cannot read, the server says something about
  if (!found || (found.width >= LEAD_WIDTH && found.height <= found.width * LEAD_HEIGHT)) return;
  throw new Wrong(say("This picture has {width} × {height} pixels. A lead picture is at least {least} pixels wide, and clearly wider than tall.", { width: found.width, height: found.height, least: LEAD_WIDTH }));
}

async function uploaded(where, data, alt, decoration, title) {
  const form = new FormData();
  form.append("picture", data, data.name || "picture");
  form.append("alt", alt);
  if (decoration) form.append("decoration", "yes");
  form.append("caption", title);
  const answer = await fetch(where, { method: "POST", body: form, headers: { Accept: "application/json" }, redirect: "manual" });
  if (answer.status === 401) throw new Wrong(say("You've been signed out. Sign in again in another tab, then try once more."));
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Wrong(said.error ?? say("This picture could not be added. Try another one."));
  const { address: src = said.src, alt: shown = alt } = said;
  return { src, alt: shown, title };
}
