// The buttons above the visual editor: <div role="toolbar" data-tools hidden>, with a button for each
// tool by its name (data-tool) and for each style of a paragraph (data-style), in the bar or in a menu
// of it. One of them is in the order of the Tab key, the arrows go on to the others, as everybody's
// toolbars do.

import { setBlockType, toggleMark, wrapIn, lift } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import { liftListItem, sinkListItem, wrapInList } from "prosemirror-schema-list";
import { kindOf } from "./blocks.js";
import { schema } from "./schema.js";
import { addColumn, addRow, align, insertTable, removeColumn, removeRow, removeTable, tableAt } from "./tables.js";

const { nodes, marks } = schema;
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

const TOOLS = {
  bold: { keys: "Mod+B", run: toggleMark(marks.strong), on: (state) => has(state, marks.strong) },
  italic: { keys: "Mod+I", run: toggleMark(marks.em), on: (state) => has(state, marks.em) },
  link: { keys: "Mod+K", act: (editor) => editor.link(), on: (state) => has(state, marks.link) },
  bullets: { run: toggleList(nodes.bullet_list), on: within(nodes.bullet_list) },
  numbers: { run: toggleList(nodes.ordered_list), on: within(nodes.ordered_list) },
  quote: { run: toggleQuote, on: within(nodes.blockquote) },
  picture: { act: (editor) => editor.picture() },
  lead: { act: (editor) => editor.lead() },
  table: { run: insertTable },
  button: { act: (editor) => editor.button(), on: isKind("button") },
  pull: { act: (editor) => editor.pullQuote(), on: isKind("pull") },
  downloads: { act: (editor) => editor.download(), on: isKind("downloads") },
  greeting: { act: (editor) => editor.greeting() },
  divider: { run: insertRule },
  footnote: { act: (editor) => editor.footnote() },
  undo: { keys: "Mod+Z", run: undo },
  redo: { keys: "Shift+Mod+Z", run: redo },
  indent: { keys: "Mod+]", run: sinkListItem(nodes.list_item) },
  outdent: { keys: "Mod+[", run: liftListItem(nodes.list_item) },
  "row-add": { run: addRow },
  "row-remove": { run: removeRow },
  "column-add": { run: addColumn },
  "column-remove": { run: removeColumn },
  "align-left": { run: align("") },
  "align-right": { run: align("right") },
  "table-remove": { run: removeTable },
};
const PARTS = { list: within(nodes.list_item), table: (state) => Boolean(tableAt(state)) };

export class Toolbar {
  constructor(editor, element) {
    this.editor = editor;
    this.element = element;
    this.select = element.querySelector("select");
    this.parts = [...element.querySelectorAll("[data-part]")];
    this.buttons = [...element.querySelectorAll("[data-tool]")].map((one) => this.bind(one, TOOLS[one.dataset.tool]));
    for (const one of element.querySelectorAll("button[data-style]")) this.press(one, () => this.style(one.dataset.style));
    for (const one of element.querySelectorAll("[data-block]")) this.press(one, () => editor.insertTemplate(one.dataset.block));
    this.select.addEventListener("change", () => this.style(this.select.value));
    element.addEventListener("keydown", (event) => this.walk(event));
    element.addEventListener("focusout", (event) => {
      if (!element.contains(event.relatedTarget)) this.fold();
    });
    if (!editor.area.dataset.pictures) for (const one of element.querySelectorAll('[data-tool="picture"], [data-tool="lead"]')) one.hidden = true;
    for (const one of this.all()) one.tabIndex = -1;
    this.select.tabIndex = 0;
  }

  bind(element, tool) {
    const { keys = "", run, act } = tool;
    if (keys) {
      element.title = `${element.ariaLabel ?? element.textContent.trim()} (${keys.replace("Mod", MAC ? "⌘" : "Ctrl")})`;
      element.setAttribute("aria-keyshortcuts", keys.replace("Mod", MAC ? "Meta" : "Control"));
    }
    this.press(element, () => (act ? act(this.editor) : this.editor.run(run)));
    return { element, ...tool };
  }

  press(element, act) {
    // the selection in the text stays where it is
    element.addEventListener("mousedown", (event) => event.preventDefault());
    element.addEventListener("click", () => {
      if (element.ariaDisabled === "true") return;
      this.fold();
      act();
    });
  }

  fold() {
    for (const menu of this.element.querySelectorAll("details[open]")) menu.open = false;
  }

  style(value) {
    const [name, level] = value.split(" ");
    this.editor.run(setBlockType(nodes[name], level ? { level: Number(level) } : null));
    this.update();
  }

  /** Shows what is set where the cursor is. */
  update() {
    const { view } = this.editor;
    this.element.hidden = !view;
    if (!view) return;
    const { state } = view;
    for (const { element, run, on } of this.buttons) {
      if (on) element.setAttribute("aria-pressed", String(Boolean(on(state))));
      if (run) element.setAttribute("aria-disabled", String(!run(state)));
    }
    for (const part of this.parts) part.hidden = !PARTS[part.dataset.part](state);
    const { parent } = state.selection.$from;
    const level = parent.type === nodes.heading ? ` ${Math.min(4, Math.max(2, parent.attrs.level))}` : "";
    const value = parent.type.name + level;
    this.select.value = [...this.select.options].some((one) => one.value === value) ? value : "paragraph";
  }

  focus() {
    this.stops()[0]?.focus();
  }

  all() {
    return [...this.element.querySelectorAll("select, button, summary")];
  }

  stops() {
    return this.all().filter((one) => one.checkVisibility?.() ?? one.offsetParent);
  }

  walk(event) {
    const stops = this.stops();
    const at = stops.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.target === this.select && /^Arrow(Up|Down)$/.test(event.key)) return undefined;
    if (event.key === "Escape") {
      const menu = document.activeElement.closest("details[open]");
      this.fold();
      return menu ? menu.querySelector("summary").focus() : this.editor.view?.focus();
    }
    const next = step ? at + step : { Home: 0, End: stops.length - 1 }[event.key];
    if (next === undefined || at < 0) return undefined;
    event.preventDefault();
    const stop = stops[(next + stops.length) % stops.length];
    for (const one of this.all()) one.tabIndex = one === stop ? 0 : -1;
    return stop.focus();
  }
}

function has(state, mark) {
  const { from, to, empty, $from } = state.selection;
  if (empty) return mark.isInSet(state.storedMarks ?? $from.marks());
  return state.doc.rangeHasMark(from, to, mark);
}

function isKind(kind) {
  return ({ selection: { $from } }) => $from.depth > 0 && kindOf($from.node(1)) === kind;
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
