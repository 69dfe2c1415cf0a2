// The blocks of a text without a mark of their own, recognised by their form as
// newsletter/rendering/markdown/blocks.py recognises them: the editor shows what readers will see.

import { Plugin } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { schema } from "./schema.js";

const { nodes, marks } = schema;

export const PULLED = 240;
export const LEAD_WIDTH = 600;
export const LEAD_HEIGHT = 0.8;
const PROSE = 60;
const DASH = /^(?:—|–|―|-{2,3})[ \u00a0]?(?=[^\s—–-])/;
const BRACKETED = /^ ?[(\[][^()\[\]]{1,60}[)\]]\.?$/;
export const FILE = /\.(pdf|zip|docx?|odt|rtf|txt|xlsx?|ods|csv|pptx?|odp|jpe?g|png|tiff?|svg|eps|mp3|wav|m4a|mp4|mov|epub|ics|vcf)$/i;
const FILMS = ["youtube.com", "youtu.be", "youtube-nocookie.com", "vimeo.com", "dailymotion.com"];
const FILM = /\.(?:mp4|mov|webm|m4v)$/i;
const SIZE = /#([1-9][0-9]{0,3})x([1-9][0-9]{0,3})(?:,decoration)?$/;
const GREETING = /(?<!\\)\{ {0,3}name {0,3}\|[^{}|\n]{0,100}\}/g;

const linkOf = (node) => marks.link.isInSet(node.marks);
const isBlank = (node) => node.isText && !node.text.trim();
const isBreak = (node) => node.type === nodes.hard_break || marks.soft.isInSet(node.marks);

function childrenOf(node) {
  const found = [];
  node.forEach((child) => found.push(child));
  return found;
}

function wordsOf(node) {
  if (!node.isTextblock) return childrenOf(node).map(wordsOf).join("");
  const words = childrenOf(node).map((child) => (isBreak(child) ? " " : child.isText ? child.text : ""));
  return words.join("").trim();
}

function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/** What a block is to readers, or "" for what it looks like: `before` are the blocks above it. */
export function kindOf(node, before = []) {
  const rule = RULES[node.type.name];
  return rule ? rule(node, before) : "";
}

const RULES = {
  paragraph(node, before) {
    const found = childrenOf(node).filter((child) => !isBlank(child));
    if (!found.length) return "";
    if (isButton(found)) return "button";
    if (isVideo(found)) return "video";
    if (!before.length && isStandfirst(node)) return "standfirst";
    const above = before.length === 1 && kindOf(before[0]) === "standfirst" ? 1 : 0;
    return before.length === above && isLead(childrenOf(node)) ? "lead" : "";
  },
  blockquote(node) {
    const parts = signed(node);
    if (!parts) return "";
    const length = childrenOf(node).slice(0, -1).reduce((sum, one) => sum + wordsOf(one).length, parts.words.length);
    return length <= PULLED ? "pull" : "quoted";
  },
  bullet_list: (node) => (childrenOf(node).every(isFile) ? "downloads" : ""),
  table(node) {
    if (node.childCount !== 2 || node.firstChild.childCount !== 2) return "";
    const isColumn = (cell) => wordsOf(cell).length >= PROSE || childrenOf(cell).some((one) => one.type === nodes.image);
    return childrenOf(node.lastChild).some(isColumn) ? "columns" : "";
  },
  heading: (node) => ([1, 3].includes(node.attrs.level) && !wordsOf(node).replace(/[# ]/g, "") ? "end" : ""),
};

function isButton(found) {
  const link = linkOf(found[0]);
  return Boolean(link) && found.every((one) => one.isText && !isBreak(one) && marks.strong.isInSet(one.marks) && linkOf(one)?.eq(link));
}

function isVideo([image, ...others]) {
  const link = linkOf(image);
  if (others.length || image.type !== nodes.image || !link) return false;
  const url = parsed(link.attrs.href);
  const host = url?.hostname.toLowerCase() ?? "";
  return FILMS.some((one) => host === one || host.endsWith(`.${one}`)) || FILM.test(url?.pathname ?? "");
}

function isStandfirst(node) {
  return childrenOf(node).every((one) => one.type !== nodes.image && marks.em.isInSet(one.marks));
}

function isLead(children) {
  if (children.length !== 1 || children[0].type !== nodes.image || linkOf(children[0])) return false;
  const [, width, height] = SIZE.exec(children[0].attrs.src) ?? [];
  return Number(width) >= LEAD_WIDTH && Number(height) <= width * LEAD_HEIGHT;
}

/** The last line of a quotation, if it names who said it: where it begins, and the words before. */
function signed(node) {
  const paragraph = node.lastChild;
  if (paragraph.type !== nodes.paragraph) return null;
  const children = childrenOf(paragraph);
  const last = children.findLastIndex(isBreak);
  const name = children[last + 1];
  if (!name?.isText || marks.code.isInSet(name.marks) || name.marks.length || !DASH.test(name.text)) return null;
  if (last <= 0 && node.childCount < 2) return null;
  const words = children.slice(0, Math.max(last, 0)).map((one) => (isBreak(one) ? " " : one.isText ? one.text : ""));
  return { words: words.join("").trim(), alone: last < 0 };
}

function isFile(item) {
  if (item.childCount !== 1 || item.firstChild.type !== nodes.paragraph) return false;
  const children = childrenOf(item.firstChild);
  const link = children.length && linkOf(children[0]);
  if (!link || children.some((one) => one.type === nodes.image)) return false;
  const behind = children.slice(children.findLastIndex((one) => linkOf(one)?.eq(link)) + 1);
  if (behind.some((one) => !one.isText || one.marks.length)) return false;
  const words = behind.map((one) => one.text).join("");
  return (!words.trim() || BRACKETED.test(words)) && FILE.test(parsed(link.attrs.href)?.pathname ?? "");
}

/** Each block of a text that is more than it looks like: what it is, and where. */
export function blocksOf(doc) {
  const found = [];
  const before = [];
  doc.forEach((node, pos) => {
    const kind = kindOf(node, before);
    if (kind) found.push({ node, pos, kind });
    // a paragraph that nobody has filled in yet is none
    if (node.type !== nodes.paragraph || node.childCount) before.push(node);
  });
  return found;
}

function decorations(doc) {
  const found = [];
  for (const { node, pos, kind } of blocksOf(doc)) {
    found.push(Decoration.node(pos, pos + node.nodeSize, { class: `is-${kind}` }));
    if ((kind === "pull" || kind === "quoted") && signed(node).alone) {
      const end = pos + node.nodeSize - 1;
      found.push(Decoration.node(end - node.lastChild.nodeSize, end, { class: "by" }));
    }
  }
  doc.descendants((node, pos) => {
    if (!node.isTextblock || node.type.spec.code) return;
    node.forEach((child, offset) => {
      if (!child.isText || marks.code.isInSet(child.marks)) return;
      for (const { 0: words, index } of child.text.matchAll(GREETING)) {
        const from = pos + 1 + offset + index;
        found.push(Decoration.inline(from, from + words.length, { class: "is-greeting" }));
      }
    });
  });
  return DecorationSet.create(doc, found);
}

/** Shows each block as readers will see it, about. */
export function shownBlocks() {
  return new Plugin({
    state: {
      init: (_, { doc }) => decorations(doc),
      apply: (transaction, set) => (transaction.docChanged ? decorations(transaction.doc) : set),
    },
    props: {
      decorations(state) {
        return this.getState(state);
      },
    },
  });
}
