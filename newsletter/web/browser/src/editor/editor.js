// A text area becomes a visual editor of the Markdown that it holds:
// <textarea data-editor="visual" data-paste="…" data-pictures="…" data-import="…">. The text area keeps
// what is sent. The toolbar is the page's ([data-tools]), and so are the buttons that change between
// the two ways to write ([data-mode]).

import { baseKeymap, chainCommands, exitCode, toggleMark } from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { inputRules, textblockTypeInputRule, undoInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import { Slice, Fragment } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem } from "prosemirror-schema-list";
import { EditorState, Plugin, TextSelection } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { later, make } from "../dom.js";
import { shownBlocks } from "./blocks.js";
import { address } from "./dialogs.js";
import * as inserting from "./inserting.js";
import { read } from "./reading.js";
import { schema } from "./schema.js";
import { nextCell, tidyTables } from "./tables.js";
import { say } from "../words.js";
import { Toolbar } from "./toolbar.js";
import { Opened } from "./writing.js";

const { nodes, marks } = schema;
const QUIET = 150;
const KINDS = ".docx,.odt,.pdf,.eml,.html,.htm,.md,.markdown,.txt";
const DOCUMENT = /\.(docx|odt|pdf|eml|html?|md|markdown|txt)$/i;

export function visual(area) {
  return new Visual(area);
}

class Visual {
  constructor(area) {
    this.area = area;
    this.view = null;
    this.note = make("div", { class: "editor-note", role: "status" });
    this.toolbar = new Toolbar(this, document.querySelector("[data-tools]"));
    this.modes = [...document.querySelectorAll("[data-mode]")];
    for (const one of this.modes) one.addEventListener("click", () => this.show(one.dataset.mode));
    this.page = make("div", { class: "editor-page" });
    this.frame = make("div", { class: "editor" }, this.note);
    area.before(this.frame);
    this.frame.append(this.page, area);
    this.sync = later(QUIET, () => this.write());
    area.addEventListener("desk:filled", () => this.reload());
    area.addEventListener("paste", (event) => this.pasteMarkdown(event));
    area.form?.addEventListener("submit", () => this.sync.now(), { capture: true });
    document.addEventListener("visibilitychange", () => this.sync.now(), { capture: true });
    addEventListener("pagehide", () => this.sync.now(), { capture: true });
    this.takeDocuments();
    this.takeSelections(document.getElementById("selection"), document.querySelector("[data-selection]"));
    for (const label of area.labels) {
      label.id ||= `${area.id}-label`;
      label.addEventListener("click", () => this.view?.focus());
    }
    this.show("visual", { first: true });
    // a new draft with its title waits for its first words
    const isNew = !area.value && area.form?.elements.title?.value && !area.hasAttribute("aria-invalid");
    if (isNew && document.activeElement === document.body) this.view?.focus();
  }

  // --- visual or Markdown

  get mode() {
    return this.view ? "visual" : "markdown";
  }

  show(mode, { first = false } = {}) {
    this.sync.now();
    this.view?.destroy();
    this.view = null;
    this.tell();
    if (mode === "visual") this.open(first);
    this.area.hidden = Boolean(this.view);
    this.page.hidden = !this.view;
    for (const one of this.modes) one.hidden = one.dataset.mode === this.mode;
    // how Markdown is written is told to those who see it
    for (const hint of document.querySelectorAll("[data-markdown-hint]")) hint.hidden = Boolean(this.view);
    this.toolbar.update();
    if (!first) (this.view ?? this.area).focus();
  }

  open(first) {
    const opened = new Opened(this.area.value);
    if (opened.fault) return this.refuse(opened.fault, first);
    this.opened = opened;
    this.view = new EditorView(this.page, {
      state: EditorState.create({ doc: opened.doc, plugins: plugins(this) }),
      attributes: () => this.attributes(),
      dispatchTransaction: (transaction) => this.dispatch(transaction),
      // the page's policy allows no style of its own to anything, pasted or not
      transformPastedHTML: (html) => html.replace(/\sstyle\s*=/gi, " data-style="),
      handleDrop: (_, event, slice, moved) => !moved && this.picturesOf(event.dataTransfer),
      handleDOMEvents: { blur: () => this.sync.now(), paste: (_, event) => this.paste(event) },
    });
  }

  // What the visual editor cannot hold stays as it is: in Markdown, with the words that are the reason
  refuse({ line, what }, first) {
    const words = this.area.value.split("\n")[line - 1]?.trim() ?? "";
    const shown = words.length > 60 ? `${words.slice(0, 60)}…` : words;
    this.tell(
      say("This text is shown as Markdown, because the visual editor can't show {what}: “{words}”.", { what, words: shown }),
      " ",
      make("button", { type: "button", class: "btn", onclick: () => this.goTo(line) }, say("Go there")),
    );
    if (!first) this.goTo(line);
  }

  goTo(line) {
    const lines = this.area.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    const height = parseFloat(getComputedStyle(this.area).lineHeight) || 24;
    this.area.scrollTop = Math.max(0, (line - 4) * height);
  }

  reload() {
    this.sync.never();
    if (!this.view) return;
    this.view.destroy();
    this.view = null;
    this.show("visual", { first: true });
  }

  attributes() {
    const { area } = this;
    return {
      id: `${area.id}-visual`,
      class: "editor-text",
      role: "textbox",
      "aria-multiline": "true",
      "aria-labelledby": [...area.labels].map((label) => label.id).join(" ") || null,
      ...(area.labels.length ? {} : { "aria-label": area.getAttribute("aria-label") ?? say("Text") }),
      "aria-describedby": area.getAttribute("aria-describedby") ?? "",
      ...(area.hasAttribute("aria-invalid") ? { "aria-invalid": "true" } : {}),
      "data-placeholder": say("Write here, or drop a document."),
      lang: area.lang || document.documentElement.lang,
      dir: area.dir || "auto",
      spellcheck: "true",
    };
  }

  // --- what is typed

  dispatch(transaction) {
    this.view.updateState(this.view.state.apply(transaction));
    if (transaction.docChanged) this.sync();
    this.toolbar.update();
  }

  write() {
    if (!this.view) return;
    const text = this.opened.write(this.view.state.doc);
    if (text === this.area.value.replace(/\r\n?/g, "\n")) return;
    this.area.value = text;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  run(command) {
    if (this.view && command(this.view.state, this.view.dispatch, this.view)) this.view.focus();
    return true;
  }

  tell(...parts) {
    this.note.replaceChildren(...(parts.length ? [make("p", {}, ...parts)] : []));
  }

  // --- what is pasted

  paste(event) {
    const data = event.clipboardData;
    if (this.picturesOf(data)) return taken(event);
    if (this.linkTo(data)) return taken(event);
    const html = data?.getData("text/html");
    // what comes from an editor of ours is what it was
    if (!html || html.includes("data-pm-slice") || !this.area.dataset.paste) return false;
    if (this.view.state.selection.$from.parent.type.spec.code) return false;
    this.convert(html, data.getData("text/plain")).then((markdown) => {
      if (this.view) this.insert(markdown);
    });
    return taken(event);
  }

  // An address that is pasted on words makes a link of them
  linkTo(data) {
    const { doc, selection, tr } = this.view.state;
    const { from, to, empty } = selection;
    const href = webAddress(data?.getData("text/plain"));
    const blocks = [];
    doc.nodesBetween(from, to, (node) => void (node.isTextblock && blocks.push(node)));
    if (empty || !href || blocks.length !== 1 || blocks[0].type.spec.code) return false;
    tr.removeMark(from, to, marks.link).addMark(from, to, marks.link.create({ href }));
    this.view.dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(to), -1)).removeStoredMark(marks.link));
    return true;
  }

  pasteMarkdown(event) {
    const { value, selectionStart: from, selectionEnd: to } = this.area;
    const href = webAddress(event.clipboardData?.getData("text/plain"));
    if (from !== to && href) {
      event.preventDefault();
      this.area.setRangeText(`[${value.slice(from, to)}](${href})`, from, to, "end");
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    const html = event.clipboardData?.getData("text/html");
    if (!html || !this.area.dataset.paste) return;
    event.preventDefault();
    this.convert(html, event.clipboardData.getData("text/plain")).then((markdown) => {
      this.area.setRangeText(markdown, this.area.selectionStart, this.area.selectionEnd, "end");
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  /** A page's or a Word file's HTML as Markdown, by the importer on the server. */
  async convert(html, plain) {
    this.tell(say("Pasting…"));
    try {
      const answer = await fetch(this.area.dataset.paste, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ html }),
        redirect: "manual",
      });
      if (!answer.ok) throw new Error(answer.status);
      const { markdown, left_out: lost = [] } = await answer.json();
      this.tellPasted(lost);
      return markdown;
    } catch {
      this.tell(say("The formatting of what you pasted could not be read, so only its words are here."));
      return plain.replace(/[\\`*_[\]#<>]/g, "\\$&");
    }
  }

  tellPasted(lost, name = "") {
    if (name && !lost.length) return this.tell(say("{name} is in the text.", { name }));
    if (!lost.length) return this.tell();
    const undoing = make("button", { type: "button", class: "btn", onclick: () => this.takeBack() }, say("Undo"));
    const count = lost.length;
    const what = name
      ? say("{name} is in the text. Check 1 thing:", "{name} is in the text. Check {count} things:", { name, count })
      : say("Pasted. 1 thing was left out:", "Pasted. {count} things were left out:", { count });
    this.tell(`${what} ${lost.join("; ").replace(/\.$/, "")}. `, this.view ? undoing : "");
  }

  takeBack() {
    this.run(undo);
    this.tell();
  }

  insert(markdown) {
    const { doc } = read(markdown);
    const only = doc.childCount === 1 && doc.firstChild.type === nodes.paragraph;
    const open = only ? 1 : 0;
    const content = only || this.view.state.selection.$from.depth <= 1 ? doc.content : flat(doc);
    const slice = only ? new Slice(doc.content, open, open) : new Slice(content, 0, 0);
    this.view.dispatch(this.view.state.tr.replaceSelection(slice).scrollIntoView().setMeta("paste", true));
  }

  /** Insert a template below the paragraph with the cursor; at the end, if it can only be Markdown. */
  insertTemplate(markdown) {
    const { doc, fault } = new Opened(markdown);
    if (fault) {
      this.show("markdown");
      this.area.value = `${this.area.value.trimEnd()}\n\n${markdown}`.trimStart();
      return this.area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const { tr, selection } = this.view.state;
    const { $to } = selection;
    const isEmpty = $to.depth === 1 && $to.parent.type === nodes.paragraph && !$to.parent.content.size;
    const to = $to.depth ? $to.after(1) : $to.pos;
    const from = isEmpty ? $to.before(1) : to;
    tr.replaceWith(from, to, doc.content);
    const end = TextSelection.near(tr.doc.resolve(from + doc.content.size), -1);
    this.view.dispatch(tr.setSelection(end).scrollIntoView());
    return this.view.focus();
  }

  /** Let the selected words be saved as a template. Its page then asks for a better title. */
  takeSelections(form, button) {
    if (!form || !button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const { view, area } = this;
      const { from, to } = view?.state.selection ?? {};
      const text = view ? this.opened.rewrite(view.state.doc.cut(from, to)) : area.value.slice(area.selectionStart, area.selectionEnd);
      if (!text.trim()) return this.tell(say("First select the words that the template is to have."));
      const words = text.replace(/[^\p{L}\p{M}\p{N}.,:;'’-]+/gu, " ").trim();
      form.elements.title.value = words.length > 60 ? words.slice(0, 60).replace(/ \S*$/, " …") : words;
      form.elements.body.value = text.trim();
      return form.requestSubmit();
    });
  }

  // --- documents

  /** A document that is dropped anywhere on the page is read; so is one that is chosen in the menu. */
  takeDocuments() {
    if (!this.area.dataset.import) return;
    const dropped = (event) => [...(event.dataTransfer?.files ?? [])].find((one) => DOCUMENT.test(one.name));
    document.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
    document.addEventListener(
      "drop",
      (event) => {
        const file = dropped(event);
        if (!file) return;
        event.preventDefault();
        event.stopPropagation();
        this.bringIn(file);
      },
      { capture: true },
    );
    const choose = document.querySelector("[data-replace]");
    if (!choose) return;
    const picker = make("input", { type: "file", accept: KINDS, hidden: true, "aria-label": say("Document") });
    choose.after(picker);
    choose.hidden = false;
    choose.addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => {
      if (picker.files[0]) this.bringIn(picker.files[0], { replaces: true });
      picker.value = "";
    });
  }

  /** Put the text of a document where the cursor is, or in the place of all that is there. */
  async bringIn(file, { replaces = false } = {}) {
    this.tell(say("Reading {name}…", { name: file.name }));
    const form = new FormData();
    form.append("file", file, file.name);
    const answer = await fetch(this.area.dataset.import, { method: "POST", body: form, redirect: "manual" }).catch(() => null);
    const said = (await answer?.json().catch(() => null)) ?? {};
    if (!answer?.ok) return this.tell(said.error ?? say("{name} could not be read. Check your connection and try again.", { name: file.name }));
    const isEmpty = replaces || !this.area.value.trim();
    if (isEmpty) this.head(said);
    if (this.view && isEmpty) {
      const { doc } = read(said.markdown);
      const { tr } = this.view.state;
      this.view.dispatch(tr.replaceWith(0, tr.doc.content.size, doc.content).scrollIntoView());
    } else if (this.view) this.insert(said.markdown);
    else {
      const { selectionStart: from, selectionEnd: to, value } = this.area;
      this.area.setRangeText(said.markdown, isEmpty ? 0 : from, isEmpty ? value.length : to, "end");
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return this.tellPasted([...said.left_out, ...said.notes], file.name);
  }

  // the title and the summary of a document, where there are none
  head(said) {
    for (const name of ["title", "summary"]) {
      const control = this.area.form?.elements.namedItem(name);
      if (!control || control.value.trim() || !said[name]) continue;
      control.value = said[name];
      control.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  // --- pictures, links, notes

  picturesOf(data) {
    const file = [...(data?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file || !this.area.dataset.pictures || data.getData("text/html")) return false;
    this.picture(file);
    return true;
  }

  /** Ask for what is put in, put it in, and go on writing. */
  async put(insert, more) {
    if (!this.view) return;
    await insert(this.view, more);
    this.view?.focus();
  }

  picture(file = null) {
    return this.put(inserting.picture, { address: this.area.dataset.pictures, file });
  }

  lead() {
    return this.put(inserting.lead, { address: this.area.dataset.pictures });
  }

  link() {
    return this.put(inserting.link);
  }

  button() {
    return this.put(inserting.button);
  }

  pullQuote() {
    return this.put(inserting.pullQuote);
  }

  download() {
    return this.put(inserting.download);
  }

  greeting() {
    return this.put(inserting.greeting);
  }

  footnote() {
    return this.put(inserting.footnote);
  }
}

function webAddress(pasted) {
  const text = pasted?.trim() ?? "";
  try {
    return /^(?:https?:\/\/|www\.|mailto:)\S+$/i.test(text) ? address(text) : "";
  } catch {
    return "";
  }
}

function taken(event) {
  event.preventDefault();
  return true;
}

// Deeper than at the top there can be no footnote
function flat(doc) {
  const kept = [];
  doc.forEach((node) => (node.type === nodes.footnote ? kept.push(...node.content.content) : kept.push(node)));
  return Fragment.from(kept);
}

// --- keys, and what is typed for short ------------------------------------------------------------

function plugins(editor) {
  return [
    inputRules({
      rules: [
        wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
        wrappingInputRule(/^\s*[-*]\s$/, nodes.bullet_list),
        wrappingInputRule(/^(\d{1,4})\.\s$/, nodes.ordered_list, (found) => ({ start: Number(found[1]) })),
        textblockTypeInputRule(/^(#{1,4})\s$/, nodes.heading, (found) => ({ level: Math.max(2, found[1].length) })),
        textblockTypeInputRule(/^```$/, nodes.code_block),
      ],
    }),
    history(),
    keymap(keys(editor)),
    keymap(baseKeymap),
    tidyTables(),
    roomAtTheEnd(),
    shownBlocks(),
  ];
}

function keys(editor) {
  const item = nodes.list_item;
  const breakLine = (state, dispatch) => {
    const { parent } = state.selection.$from;
    if (parent.type !== nodes.paragraph) return false;
    dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
    return true;
  };
  const act = (name) => () => {
    editor[name]();
    return true;
  };
  return {
    "Mod-z": undo,
    "Mod-y": redo,
    "Shift-Mod-z": redo,
    "Mod-b": toggleMark(marks.strong),
    "Mod-i": toggleMark(marks.em),
    "Mod-k": act("link"),
    Backspace: undoInputRule,
    Enter: splitListItem(item),
    "Shift-Enter": chainCommands(exitCode, breakLine),
    "Mod-[": liftListItem(item),
    "Mod-]": sinkListItem(item),
    Tab: nextCell(1),
    "Shift-Tab": nextCell(-1),
    "Alt-F10": () => {
      editor.toolbar.focus();
      return true;
    },
  };
}

// A text that ends in a table or a line across has an empty paragraph behind it, to write in
function roomAtTheEnd() {
  return new Plugin({
    appendTransaction: (transactions, _, state) => {
      if (!transactions.some((one) => one.docChanged)) return null;
      const { doc } = state;
      if (doc.lastChild.isTextblock && !doc.lastChild.type.spec.code) return null;
      if ([nodes.bullet_list, nodes.ordered_list].includes(doc.lastChild.type)) return null;
      return state.tr.insert(doc.content.size, nodes.paragraph.create());
    },
    props: {
      handleClick: (view, _, event) => {
        const last = view.dom.lastElementChild?.getBoundingClientRect();
        if (!last || event.clientY <= last.bottom || view.state.doc.lastChild.type === nodes.paragraph) return false;
        const tr = view.state.tr.insert(view.state.doc.content.size, nodes.paragraph.create());
        view.dispatch(tr.setSelection(TextSelection.atEnd(tr.doc)));
        return true;
      },
    },
  });
}
