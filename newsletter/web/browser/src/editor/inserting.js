// What the toolbar puts into a text besides words: pictures, links, notes, and the blocks of
// blocks.js, which are ordinary Markdown.

import { Fragment, Slice } from "prosemirror-model";
import { TextSelection } from "prosemirror-state";
import { kindOf } from "./blocks.js";
import { askForButton, askForFile, askForGreeting, askForLink, askForNote, askForPicture, askForQuote } from "./dialogs.js";
import { schema } from "./schema.js";

const { nodes, marks } = schema;

/** The block at the top of the text that the selection is in: which, where, and what it is. */
function blockAt({ selection: { $from } }) {
  if (!$from.depth) return null;
  const node = $from.node(1);
  return { node, from: $from.before(1), to: $from.after(1), kind: kindOf(node) };
}

/** Put a block where the selection is: in the place of an empty paragraph, else below. */
function place(view, node, { replace = null } = {}) {
  const { state } = view;
  const here = blockAt(state);
  const { tr } = state;
  if (replace) tr.replaceWith(replace.from, replace.to, node);
  else if (here && here.node.type === nodes.paragraph && !here.node.childCount) tr.replaceWith(here.from, here.to, node);
  else tr.insert(here ? here.to : state.selection.to, node);
  const start = replace?.from ?? (here && !here.node.childCount && here.node.type === nodes.paragraph ? here.from : (here?.to ?? state.selection.to));
  const end = start + node.nodeSize;
  // there is always a line below it, to write on
  if (end >= tr.doc.content.size) tr.insert(tr.doc.content.size, nodes.paragraph.create());
  tr.setSelection(TextSelection.near(tr.doc.resolve(Math.min(end + 1, tr.doc.content.size))));
  view.dispatch(tr.scrollIntoView());
}

const selected = ({ doc, selection: { from, to } }) => doc.textBetween(from, to, " ").trim();
const linked = (href, text, ...others) => schema.text(text, [marks.link.create({ href }), ...others.map((one) => one.create())]);
const firstLink = (node) => {
  let found = null;
  node.descendants((one) => {
    found ??= marks.link.isInSet(one.marks) ?? null;
  });
  return found;
};

export async function link(view) {
  const { state } = view;
  const { from, to, empty, $from } = state.selection;
  const range = around($from, marks.link);
  const now = range && marks.link.isInSet(range.marks);
  const shown = empty ? (range ? state.doc.textBetween(range.from, range.to) : "") : state.doc.textBetween(from, to, " ");
  const found = await askForLink({ href: now?.attrs.href ?? "", text: shown });
  if (!found) return;
  const { tr } = view.state;
  const [start, end] = empty && range ? [range.from, range.to] : [from, to];
  tr.removeMark(start, end, marks.link);
  if (found.href) {
    const mark = marks.link.create({ href: found.href });
    if (start === end || found.text !== shown) {
      tr.replaceWith(start, end, schema.text(found.text || found.href, mark.addToSet(state.storedMarks ?? $from.marks())));
    } else tr.addMark(start, end, mark);
    tr.removeStoredMark(mark);
  }
  view.dispatch(tr.scrollIntoView());
}

export async function picture(view, { address, file = null }) {
  const { selection } = view.state;
  const chosen = selection.node?.type === nodes.image ? selection.node : null;
  const attrs = await askForPicture({ address, file, chosen });
  if (!attrs) return;
  const image = nodes.image.create(attrs);
  const { tr } = view.state;
  if (chosen) tr.setNodeMarkup(selection.from, null, attrs);
  else if (selection.$from.parent.content.size) {
    tr.replaceSelection(new Slice(Fragment.from(nodes.paragraph.create(null, image)), 0, 0));
  } else tr.replaceSelectionWith(image, false);
  view.dispatch(tr.scrollIntoView());
}

/** A picture from edge to edge: at the top, below a standfirst, in the place of one that is there. */
export async function lead(view, { address }) {
  const attrs = await askForPicture({ address, isLead: true });
  if (!attrs) return;
  const { doc, tr } = view.state;
  const paragraph = nodes.paragraph.create(null, nodes.image.create(attrs));
  const first = doc.firstChild;
  const above = kindOf(first) === "standfirst" ? first.nodeSize : 0;
  const there = doc.childCount > (above ? 1 : 0) && doc.child(above ? 1 : 0);
  const isOld = there && kindOf(there, above ? [first] : []) === "lead";
  const isEmpty = there && there.type === nodes.paragraph && !there.childCount && doc.childCount > (above ? 2 : 1);
  tr.replaceWith(above, above + (isOld || isEmpty ? there.nodeSize : 0), paragraph);
  view.dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(above + 1))).scrollIntoView());
}

export async function button(view) {
  const here = blockAt(view.state);
  const now = here?.kind === "button" ? here : null;
  const href = now ? firstLink(now.node).attrs.href : "";
  const found = await askForButton({ href, text: now?.node.textContent ?? selected(view.state) });
  if (!found) return;
  place(view, nodes.paragraph.create(null, linked(found.href, found.text, marks.strong)), { replace: now });
}

export async function pullQuote(view) {
  const here = blockAt(view.state);
  const now = here?.kind === "pull" || here?.kind === "quoted" ? here : null;
  const parts = now ? now.node.content.content.map((one) => one.textContent) : [selected(view.state)];
  const who = now && parts.length > 1 ? parts.pop().replace(/^[—–―-]+\s*/, "") : "";
  const found = await askForQuote({ text: parts.join(" "), who });
  if (!found) return;
  const line = (text) => nodes.paragraph.create(null, schema.text(text));
  place(view, nodes.blockquote.create(null, [line(found.text), line(`— ${found.who}`)]), { replace: now });
}

/** One more file, in the list that the selection is in, or in a new one. */
export async function download(view) {
  const here = blockAt(view.state);
  const found = await askForFile({ text: selected(view.state) });
  if (!found) return;
  const size = found.size ? [schema.text(` (${found.size})`)] : [];
  const item = nodes.list_item.create(null, nodes.paragraph.create(null, [linked(found.href, found.text), ...size]));
  if (here?.kind !== "downloads") return place(view, nodes.bullet_list.create(null, item));
  view.dispatch(view.state.tr.insert(here.to - 1, item).scrollIntoView());
}

export async function greeting(view) {
  const { $from } = view.state.selection;
  const isAlone = $from.parent.type === nodes.paragraph && !$from.parent.childCount;
  const found = await askForGreeting({ isAlone });
  if (!found) return;
  const text = isAlone && found.before ? `${found.before} {name|${found.word}},` : `{name|${found.word}}`;
  view.dispatch(view.state.tr.insertText(text).scrollIntoView());
}

export async function footnote(view) {
  const { selection } = view.state;
  const chosen = selection.node?.type === nodes.footnote_inline ? selection.node : null;
  const source = await askForNote({ source: chosen?.attrs.source ?? "" });
  if (!source) return;
  const node = nodes.footnote_inline.create({ source });
  const { tr } = view.state;
  // behind what is selected, which it is a note to
  if (chosen) tr.replaceSelectionWith(node, false);
  else tr.insert(selection.to, node);
  view.dispatch(tr.scrollIntoView());
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
