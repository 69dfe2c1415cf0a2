// A text area becomes a visual editor of the Markdown that it holds:
// <textarea data-editor="visual" data-paste="…" data-pictures="…">. The text area keeps what is sent.

import { baseKeymap, chainCommands, exitCode, toggleMark } from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { inputRules, textblockTypeInputRule, undoInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import { Slice, Fragment } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem } from "prosemirror-schema-list";
import { EditorState, Plugin, TextSelection } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { later, make } from "../dom.js";
import { askForLink, askForNote, askForPicture } from "./dialogs.js";
import { read } from "./reading.js";
import { schema } from "./schema.js";
import { nextCell, tidyTables } from "./tables.js";
import { Toolbar } from "./toolbar.js";
import { Opened } from "./writing.js";

const { nodes, marks } = schema;
const QUIET = 150;

export function visual(area) {
  return new Visual(area);
}

class Visual {
  constructor(area) {
    this.area = area;
    this.view = null;
    this.note = make("div", { class: "editor-note", role: "status" });
    this.toolbar = new Toolbar(this);
    this.page = make("div", { class: "editor-page" });
    this.frame = make("div", { class: "editor" }, this.toolbar.element, this.note);
    area.before(this.frame);
    this.frame.append(this.page, area);
    this.sync = later(QUIET, () => this.write());
    area.addEventListener("desk:filled", () => this.reload());
    area.addEventListener("paste", (event) => this.pasteMarkdown(event));
    area.form?.addEventListener("submit", () => this.sync.now(), { capture: true });
    document.addEventListener("visibilitychange", () => this.sync.now(), { capture: true });
    addEventListener("pagehide", () => this.sync.now(), { capture: true });
    for (const label of area.labels) {
      label.id ||= `${area.id}-label`;
      label.addEventListener("click", () => this.view?.focus());
    }
    this.show("visual", { first: true });
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
    this.frame.dataset.mode = this.mode;
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

  // What the visual editor cannot hold stays as it is: in Markdown, with the line that says why
  refuse({ line, what }, first) {
    this.tell(
      `Line ${line} has ${what}, which the visual editor can't show. You can edit this text in Markdown. `,
      make("button", { type: "button", class: "plain", onclick: () => this.goTo(line) }, `Go to line ${line}`),
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
      ...(area.labels.length ? {} : { "aria-label": area.getAttribute("aria-label") ?? "Text" }),
      "aria-describedby": area.getAttribute("aria-describedby") ?? "",
      "aria-invalid": area.getAttribute("aria-invalid") ?? "false",
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
    const html = data?.getData("text/html");
    // what comes from an editor of ours is what it was
    if (!html || html.includes("data-pm-slice") || !this.area.dataset.paste) return false;
    if (this.view.state.selection.$from.parent.type.spec.code) return false;
    this.convert(html, data.getData("text/plain")).then((markdown) => {
      if (this.view) this.insert(markdown);
    });
    return taken(event);
  }

  pasteMarkdown(event) {
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
    this.tell("Pasting…");
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
      this.tell("The formatting of what you pasted could not be read, so only its words are here.");
      return plain.replace(/[\\`*_[\]#<>]/g, "\\$&");
    }
  }

  tellPasted(lost) {
    if (!lost.length) return this.tell();
    const undoing = make("button", { type: "button", class: "plain", onclick: () => this.takeBack() }, "Undo");
    const count = lost.length === 1 ? "1 thing was" : `${lost.length} things were`;
    this.tell(`Pasted. ${count} left out: ${lost.join("; ").replace(/\.$/, "")}. `, this.view ? undoing : "");
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

  // --- pictures, links, notes

  picturesOf(data) {
    const file = [...(data?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file || !this.area.dataset.pictures || data.getData("text/html")) return false;
    this.picture(file);
    return true;
  }

  async picture(file = null) {
    if (!this.area.dataset.pictures) return;
    const { selection } = this.view.state;
    const chosen = selection.node?.type === nodes.image ? selection.node : null;
    const attrs = await askForPicture({ address: this.area.dataset.pictures, file, chosen });
    if (!attrs) return this.view.focus();
    const image = nodes.image.create(attrs);
    const { tr } = this.view.state;
    if (chosen) tr.setNodeMarkup(selection.from, null, attrs);
    else if (selection.$from.parent.content.size) {
      tr.replaceSelection(new Slice(Fragment.from(nodes.paragraph.create(null, image)), 0, 0));
    } else tr.replaceSelectionWith(image, false);
    this.view.dispatch(tr.scrollIntoView());
    this.view.focus();
  }

  async link() {
    const { state } = this.view;
    const { from, to, empty, $from } = state.selection;
    const range = around($from, marks.link);
    const now = range && marks.link.isInSet(range.marks);
    const shown = empty ? (range ? state.doc.textBetween(range.from, range.to) : "") : state.doc.textBetween(from, to, " ");
    const found = await askForLink({ href: now?.attrs.href ?? "", text: shown });
    if (!found) return this.view.focus();
    const { tr } = this.view.state;
    const [start, end] = empty && range ? [range.from, range.to] : [from, to];
    tr.removeMark(start, end, marks.link);
    if (found.href) {
      const mark = marks.link.create({ href: found.href });
      if (start === end || found.text !== shown) {
        tr.replaceWith(start, end, schema.text(found.text || found.href, mark.addToSet(state.storedMarks ?? $from.marks())));
      } else tr.addMark(start, end, mark);
      tr.removeStoredMark(mark);
    }
    this.view.dispatch(tr.scrollIntoView());
    this.view.focus();
  }

  async footnote() {
    const { selection } = this.view.state;
    const chosen = selection.node?.type === nodes.footnote_inline ? selection.node : null;
    const source = await askForNote({ source: chosen?.attrs.source ?? "" });
    if (source) {
      const node = nodes.footnote_inline.create({ source });
      this.view.dispatch(this.view.state.tr.replaceSelectionWith(node, false).scrollIntoView());
    }
    this.view.focus();
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

function around($pos, type) {
  const { parent, parentOffset } = $pos;
  let [from, to, found] = [0, 0, null];
  parent.forEach((child, offset) => {
    const inside = offset <= parentOffset && parentOffset <= offset + child.nodeSize;
    const mark = type.isInSet(child.marks);
    if (!mark) return;
    if (found && to === offset && mark.eq(type.isInSet(found))) to = offset + child.nodeSize;
    else if (inside && !found) [from, to, found] = [offset, offset + child.nodeSize, child.marks];
  });
  if (!found) return null;
  const start = $pos.start();
  return { from: start + from, to: start + to, marks: found };
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
