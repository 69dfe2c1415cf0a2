// The buttons above the visual editor. One of them is in the order of the Tab key, the arrows go on to
// the others, as everybody's toolbars do.

import { setBlockType, toggleMark, wrapIn, lift } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import { liftListItem, sinkListItem, wrapInList } from "prosemirror-schema-list";
import { make } from "../dom.js";
import { schema } from "./schema.js";
import { addColumn, addRow, align, insertTable, removeColumn, removeRow, removeTable, tableAt } from "./tables.js";

const { nodes, marks } = schema;
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export class Toolbar {
  constructor(editor) {
    this.editor = editor;
    this.buttons = [];
    this.style = this.styles();
    const { pictures } = editor.area.dataset;
    this.main = make(
      "div",
      { class: "editor-tools", role: "toolbar", "aria-label": "Formatting" },
      this.group(this.style),
      this.group(
        this.button("B", "Bold", "Mod+B", { mark: marks.strong, class: "bold" }),
        this.button("I", "Italic", "Mod+I", { mark: marks.em, class: "italic" }),
        this.button("Link", "Link", "Mod+K", { act: () => editor.link(), on: (state) => has(state, marks.link) }),
      ),
      this.group(
        this.button(LIST, "Bulleted list", "", { run: toggleList(nodes.bullet_list), on: within(nodes.bullet_list) }),
        this.button(NUMBERS, "Numbered list", "", { run: toggleList(nodes.ordered_list), on: within(nodes.ordered_list) }),
        this.button(QUOTE, "Quotation", "", { run: toggleQuote, on: within(nodes.blockquote) }),
      ),
      this.group(
        ...(pictures ? [this.button("Picture", "Picture", "", { act: () => editor.picture() })] : []),
        this.button("Table", "Table", "", { run: insertTable, shown: (state) => !tableAt(state) }),
        this.button("Line", "Line across the page", "", { run: insertRule }),
        this.button("Footnote", "Footnote", "", { act: () => editor.footnote() }),
      ),
      this.group(
        this.button("Undo", "Undo", "Mod+Z", { run: undo }),
        this.button("Redo", "Redo", "Shift+Mod+Z", { run: redo }),
      ),
      this.part(
        "In this list",
        (state) => Boolean(within(nodes.list_item)(state)),
        this.button("Indent", "Indent: a list within the list", "Mod+]", { run: sinkListItem(nodes.list_item) }),
        this.button("Outdent", "Outdent: out of this list", "Mod+[", { run: liftListItem(nodes.list_item) }),
      ),
      this.part(
        "In this table",
        (state) => Boolean(tableAt(state)),
        this.button("Add row", "Add row below", "", { run: addRow }),
        this.button("Add column", "Add column to the right", "", { run: addColumn }),
        this.button("Remove row", "Remove row", "", { run: removeRow }),
        this.button("Remove column", "Remove column", "", { run: removeColumn }),
        this.button("Align left", "Align left: this column", "", { run: align("") }),
        this.button("Align right", "Align right: this column", "", { run: align("right") }),
        this.button("Remove table", "Remove table", "", { run: removeTable }),
      ),
    );
    this.visual = this.switch("Visual", "visual");
    this.markdown = this.switch("Markdown", "markdown");
    const modes = make("div", { class: "editor-modes", role: "group", "aria-label": "How to edit" }, this.visual, this.markdown);
    this.element = make("div", { class: "editor-bar" }, modes, this.main);
    this.main.addEventListener("keydown", (event) => this.walk(event));
  }

  group(...children) {
    return make("div", { class: "editor-group" }, ...children);
  }

  part(label, shown, ...children) {
    const element = make("div", { class: "editor-group", role: "group", "aria-label": label }, ...children);
    this.parts = [...(this.parts ?? []), { element, shown }];
    return element;
  }

  button(text, label, keys, { mark, run = mark && toggleMark(mark), act, on = mark && ((state) => has(state, mark)), shown, class: look = "" }) {
    const shortcut = keys && ` (${keys.replace("Mod", MAC ? "⌘" : "Ctrl")})`;
    const element = make("button", {
      type: "button",
      class: `tool ${look}`,
      "aria-label": label,
      title: label + shortcut,
      "aria-keyshortcuts": keys ? keys.replace("Mod", MAC ? "Meta" : "Control") : null,
      tabindex: "-1",
      // the selection in the text stays where it is
      onmousedown: (event) => event.preventDefault(),
      onclick: () => (act ? act() : this.editor.run(run)),
    });
    element.append(text.includes(" M") ? icon(text) : text);
    this.buttons.push({ element, run, on, shown });
    return element;
  }

  switch(text, mode) {
    return make("button", { type: "button", class: "tool mode", onclick: () => this.editor.show(mode) }, text);
  }

  styles() {
    const choose = (event) => {
      const [name, level] = event.target.value.split(" ");
      const attrs = level ? { level: Number(level) } : null;
      this.editor.run(setBlockType(nodes[name], attrs));
      this.update();
    };
    const option = (value, text) => make("option", { value }, text);
    return make(
      "select",
      { "aria-label": "Style of the paragraph", tabindex: "0", onchange: choose },
      option("paragraph", "Text"),
      option("heading 2", "Heading"),
      option("heading 3", "Smaller heading"),
      option("heading 4", "Smallest heading"),
      option("code_block", "Code"),
    );
  }

  /** Shows what is set where the cursor is. */
  update() {
    const { view } = this.editor;
    this.visual.setAttribute("aria-pressed", String(Boolean(view)));
    this.markdown.setAttribute("aria-pressed", String(!view));
    this.main.hidden = !view;
    if (!view) return;
    const { state } = view;
    for (const { element, run, on, shown } of this.buttons) {
      if (on) element.setAttribute("aria-pressed", String(Boolean(on(state))));
      if (run) element.setAttribute("aria-disabled", String(!run(state)));
      if (shown) element.hidden = !shown(state);
    }
    for (const { element, shown } of this.parts) element.hidden = !shown(state);
    const { parent } = state.selection.$from;
    const level = parent.type === nodes.heading ? ` ${Math.min(4, Math.max(2, parent.attrs.level))}` : "";
    const value = parent.type.name + level;
    this.style.value = [...this.style.options].some((one) => one.value === value) ? value : "paragraph";
  }

  focus() {
    this.stops()[0]?.focus();
  }

  stops() {
    return [...this.main.querySelectorAll("select, button")].filter((one) => one.offsetParent);
  }

  walk(event) {
    const stops = this.stops();
    const at = stops.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") return this.editor.view?.focus();
    const next = step ? at + step : { Home: 0, End: stops.length - 1 }[event.key];
    if (next === undefined || at < 0) return undefined;
    event.preventDefault();
    const stop = stops[(next + stops.length) % stops.length];
    for (const one of this.main.querySelectorAll("select, button")) one.tabIndex = one === stop ? 0 : -1;
    return stop.focus();
  }
}

// Drawn with lines, on 24 by 24
const LIST = "M9 6h11 M9 12h11 M9 18h11 M4 6h.01 M4 12h.01 M4 18h.01";
const NUMBERS = "M10 6h10 M10 12h10 M10 18h10 M4 5l1-.5v4 M3.5 14.5c0-1.5 2-1.5 2 0 0 1-2 1.5-2 2.5h2.2";
const QUOTE = "M5 6v12 M10 8h10 M10 12h10 M10 16h6";

function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" })) {
    svg.setAttribute(name, value);
  }
  const drawn = document.createElementNS(space, "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

function has(state, mark) {
  const { from, to, empty, $from } = state.selection;
  if (empty) return mark.isInSet(state.storedMarks ?? $from.marks());
  return state.doc.rangeHasMark(from, to, mark);
}

function within(type) {
  return ({ selection: { $from } }) => {
    for (let depth = $from.depth; depth > 0; depth--) {
      if ($from.node(depth).type === type) return $from.node(depth);
    }
    return null;
  };
}

// Into a list, out of it, or from one kind into the other
function toggleList(type) {
  const other = type === nodes.bullet_list ? nodes.ordered_list : nodes.bullet_list;
  return (state, dispatch) => {
    const { $from } = state.selection;
    for (let depth = $from.depth; depth > 0; depth--) {
      const node = $from.node(depth);
      if (node.type === type) return liftListItem(nodes.list_item)(state, dispatch);
      if (node.type === other) {
        dispatch?.(state.tr.setNodeMarkup($from.before(depth), type, { tight: node.attrs.tight }));
        return true;
      }
    }
    return wrapInList(type)(state, dispatch);
  };
}

function toggleQuote(state, dispatch) {
  return within(nodes.blockquote)(state) ? lift(state, dispatch) : wrapIn(nodes.blockquote)(state, dispatch);
}

function insertRule(state, dispatch) {
  if (tableAt(state)) return false;
  dispatch?.(state.tr.replaceSelectionWith(nodes.rule.create()).scrollIntoView());
  return true;
}
