// What the visual editor holds: exactly our Markdown, and no more.

import { Schema } from "prosemirror-model";

const nodes = {
  doc: { content: "(block | footnote)+" },
  paragraph: { content: "inline*", group: "block", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
  heading: {
    content: "inline*",
    group: "block",
    attrs: { level: { default: 2 } },
    defining: true,
    parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, attrs: { level } })),
    // the title of the page is the only h1; readers get levels without a gap as well
    toDOM: (node) => [`h${Math.max(2, node.attrs.level)}`, { "data-level": node.attrs.level }, 0],
  },
  blockquote: {
    content: "block+",
    group: "block",
    defining: true,
    parseDOM: [{ tag: "blockquote" }],
    toDOM: () => ["blockquote", 0],
  },
  bullet_list: {
    content: "list_item+",
    group: "block",
    attrs: { tight: { default: true } },
    parseDOM: [{ tag: "ul" }],
    toDOM: (node) => ["ul", { class: node.attrs.tight ? "tight" : "loose" }, 0],
  },
  ordered_list: {
    content: "list_item+",
    group: "block",
    attrs: { start: { default: 1 }, tight: { default: true } },
    parseDOM: [{ tag: "ol", getAttrs: (dom) => ({ start: Number(dom.getAttribute("start") ?? 1) }) }],
    toDOM: (node) => [
      "ol",
      { class: node.attrs.tight ? "tight" : "loose", start: String(node.attrs.start) },
      0,
    ],
  },
  list_item: {
    content: "block+",
    defining: true,
    parseDOM: [{ tag: "li" }],
    toDOM: () => ["li", 0],
  },
  code_block: {
    content: "text*",
    marks: "",
    group: "block",
    code: true,
    defining: true,
    attrs: { info: { default: "" } },
    parseDOM: [{ tag: "pre", preserveWhitespace: "full" }],
    toDOM: () => ["pre", ["code", 0]],
  },
  rule: { group: "block", parseDOM: [{ tag: "hr" }], toDOM: () => ["hr"] },
  table: {
    content: "table_head table_row*",
    group: "block",
    isolating: true,
    parseDOM: [{ tag: "table" }],
    toDOM: () => ["table", ["tbody", 0]],
  },
  table_head: {
    content: "header_cell+",
    parseDOM: [{ tag: "tr", priority: 60, getAttrs: (dom) => (dom.querySelector("th") ? null : false) }],
    toDOM: () => ["tr", 0],
  },
  table_row: { content: "table_cell+", parseDOM: [{ tag: "tr" }], toDOM: () => ["tr", 0] },
  header_cell: cell("th", { scope: "col" }),
  table_cell: cell("td", {}),
  footnote: {
    content: "block+",
    defining: true,
    isolating: true,
    attrs: { label: {} },
    toDOM: (node) => ["div", { class: "footnote", "data-label": node.attrs.label }, 0],
  },
  text: { group: "inline" },
  image: {
    inline: true,
    group: "inline",
    draggable: true,
    // `raw`: the words as they were written, with whatever marks; gone once they are changed
    attrs: { src: {}, alt: { default: "" }, title: { default: "" }, raw: { default: "" } },
    parseDOM: [
      {
        tag: "img[src]",
        getAttrs: (dom) => ({
          src: dom.dataset.source ?? dom.getAttribute("src"),
          alt: dom.alt,
          title: dom.title,
        }),
      },
    ],
    toDOM: ({ attrs: { src, alt, title } }) => [
      "span",
      { class: "picture" },
      ["img", { src: nearby(src), "data-source": src, alt, title }],
      ["span", { class: "caption" }, title],
    ],
  },
  hard_break: {
    inline: true,
    group: "inline",
    selectable: false,
    parseDOM: [{ tag: "br" }],
    toDOM: () => ["br"],
  },
  footnote_ref: {
    inline: true,
    group: "inline",
    attrs: { label: {} },
    toDOM: (node) => ["sup", { class: "note-mark" }, node.attrs.label],
  },
  footnote_inline: {
    inline: true,
    group: "inline",
    attrs: { source: {} },
    toDOM: (node) => ["sup", { class: "note-mark", title: node.attrs.source }, "note"],
  },
};

const marks = {
  link: {
    attrs: { href: {}, title: { default: "" }, auto: { default: false } },
    inclusive: false,
    parseDOM: [
      {
        tag: "a[data-href], a[href]",
        getAttrs: (dom) => ({
          href: dom.dataset.href ?? dom.getAttribute("href"),
          title: dom.dataset.href === undefined ? dom.title : (dom.dataset.title ?? ""),
        }),
      },
    ],
    // no other address leads anywhere, here or in an email
    toDOM: ({ attrs: { href, title } }) => [
      "a",
      {
        href: /^(https|mailto|tel):/i.test(href) ? href : null,
        "data-href": href,
        "data-title": title || null,
        title: title || href,
      },
      0,
    ],
  },
  strong: { parseDOM: [{ tag: "strong" }, { tag: "b" }], toDOM: () => ["strong"] },
  em: { parseDOM: [{ tag: "em" }, { tag: "i" }], toDOM: () => ["em"] },
  strike: { parseDOM: [{ tag: "s" }, { tag: "del" }], toDOM: () => ["s"] },
  code: { parseDOM: [{ tag: "code" }], toDOM: () => ["code"] },
  // a character that was written by an escape or an entity: the renderer leaves it as it is
  verbatim: { attrs: { markup: {}, content: {} }, inclusive: false, toDOM: () => ["span"] },
  // the blank that a line break in the Markdown is; kept, so that lines stay where they were
  soft: { inclusive: false, toDOM: () => ["span"] },
};

// A picture of ours is seen from where the page is, also before anybody is at the public address
function nearby(src) {
  return /\/media\/[a-z0-9]{26}(?=#|$)/.exec(src)?.[0] ?? src;
}

function cell(tag, fixed) {
  return {
    content: "inline*",
    isolating: true,
    attrs: { align: { default: "" } },
    parseDOM: [{ tag }],
    toDOM: (node) => [tag, { ...fixed, class: node.attrs.align || null }, 0],
  };
}

export const schema = new Schema({ nodes, marks });
