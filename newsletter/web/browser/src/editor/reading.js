// Markdown → the document that the visual editor shows.

import { parser } from "./dialect.js";
import { schema } from "./schema.js";
import { say } from "../words.js";

const { nodes, marks } = schema;

// What two parsers could read differently, and nobody sees: both trim blanks, but not the same ones
const INVISIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

// An address at the foot of a text on which the two disagree
const LOOSE_END = /\]:.*\\\s*$/;

/** Something that the visual editor cannot hold, with the line of the Markdown that it stands on. */
export class Fault {
  constructor(line, what) {
    this.line = line;
    this.what = what;
  }
}

/**
 * Read a text: its document, what of it cannot be held, and the lines of each of its blocks.
 *
 * `blocks` are [node, first line, line after the last], of what stands at the top.
 */
export function read(text, env = {}) {
  const faults = [];
  const lines = text.split(/\r\n|[\r\n]/);
  lines.forEach((line, at) => {
    if (INVISIBLE.test(line)) faults.push(new Fault(at + 1, say("an invisible character")));
  });
  const reader = new Reader(faults);
  const content = reader.blocks(parser.parse(text, env));
  const doc = nodes.doc.createAndFill(null, content);
  const references = Boolean(env.references && Object.keys(env.references).length);
  lines.forEach((line, at) => {
    if (references && LOOSE_END.test(line)) {
      faults.push(new Fault(at + 1, say("an address that ends in a backslash")));
    }
  });
  return {
    doc,
    faults,
    blocks: reader.placed,
    references,
    labels: [...(env.footnotes ?? [])],
  };
}

const CONTAINERS = {
  blockquote: () => [nodes.blockquote],
  bullet_list: () => [nodes.bullet_list],
  ordered_list: (token) => [nodes.ordered_list, { start: Number(token.attrGet("start") ?? 1) }],
  list_item: () => [nodes.list_item],
  heading: (token) => [nodes.heading, { level: Number(token.tag[1]) }],
  paragraph: () => [nodes.paragraph],
  table: () => [nodes.table],
  tr: (_, parent) => [parent.content.length ? nodes.table_row : nodes.table_head],
  th: (token) => [nodes.header_cell, { align: alignment(token) }],
  td: (token) => [nodes.table_cell, { align: alignment(token) }],
  footnote: (token) => [nodes.footnote, { label: token.meta.label }],
};

const MARKS = {
  em_open: () => marks.em.create(),
  strong_open: () => marks.strong.create(),
  s_open: () => marks.strike.create(),
  link_open: (token) =>
    marks.link.create({
      href: token.attrGet("href"),
      title: token.attrGet("title") ?? "",
      auto: token.info === "auto",
    }),
};
const UNMARKS = {
  em_close: marks.em,
  strong_close: marks.strong,
  s_close: marks.strike,
  link_close: marks.link,
};
// the words of an image, without the marks that they were written with
const plain = (tokens) =>
  tokens
    .map(({ type, content, children }) => {
      if (type === "image") return plain(children);
      if (type === "softbreak" || type === "hardbreak") return "\n";
      return type === "text" || type === "text_special" || type === "code_inline" ? content : "";
    })
    .join("");
const text = (content, ...set) => (content ? schema.text(content, set) : null);
const LEAVES = {
  text: (token) => text(token.content),
  text_special: (token) =>
    text(token.content, marks.verbatim.create({ markup: token.markup, content: token.content })),
  softbreak: () => text(" ", marks.soft.create()),
  hardbreak: () => nodes.hard_break.create(),
  code_inline: (token) => text(token.content, marks.code.create()),
  image: (token) =>
    nodes.image.create({
      src: token.attrGet("src"),
      alt: plain(token.children),
      title: token.attrGet("title") ?? "",
      raw: token.content,
    }),
  footnote_ref: (token) => nodes.footnote_ref.create({ label: token.meta.label }),
  footnote_inline: (token) => nodes.footnote_inline.create({ source: token.content }),
};

class Reader {
  constructor(faults) {
    this.faults = faults;
    this.placed = [];
  }

  blocks(tokens) {
    const top = { content: [] };
    const stack = [top];
    let line = 1;
    for (const token of tokens) {
      if (token.map) line = token.map[0] + 1;
      const open = /^(.*)_open$/.exec(token.type);
      const parent = stack.at(-1);
      if (open && CONTAINERS[open[1]]) {
        const [type, attrs] = CONTAINERS[open[1]](token, parent);
        if (type === nodes.footnote && parent !== top) {
          this.fault(line, say("a footnote that is written down inside of a list or quotation"));
        }
        if (type === nodes.paragraph && token.hidden) stack.at(-2).tight = true;
        stack.push({ type, attrs, content: [], map: token.map });
      } else if (/_close$/.test(token.type) && CONTAINERS[token.type.slice(0, -6)]) {
        this.close(stack);
      } else if (token.type === "inline") {
        parent.content.push(...this.inline(token.children, line));
      } else {
        this.leaf(token, parent, line, parent === top);
      }
    }
    return top.content;
  }

  close(stack) {
    const { type, attrs = {}, content, map, tight } = stack.pop();
    const full = type.spec.attrs?.tight ? { ...attrs, tight: tight ?? !holdsParagraph(content) } : attrs;
    const node = type.createAndFill(full, content);
    if (!node) {
      // a footnote in a list was named already, and is the reason
      if (!this.faults.length) this.fault(map[0] + 1, say("something that stands where it cannot stand"));
      return;
    }
    stack.at(-1).content.push(node);
    if (stack.length === 1) this.placed.push([node, ...map]);
  }

  leaf(token, parent, line, top) {
    let node;
    if (token.type === "hr") node = nodes.rule.create();
    if (token.type === "fence" || token.type === "code_block") {
      const text = token.content.replace(/\n$/, "");
      if (!text && token.content) this.fault(line, say("a block of code that is only an empty line"));
      node = nodes.code_block.create({ info: token.info.trim() }, text ? schema.text(text) : null);
    }
    if (token.type === "too_deep") this.fault(line, say("lists or quotations that lie too deep"));
    if (!node) return;
    parent.content.push(node);
    if (top) this.placed.push([node, ...token.map]);
  }

  inline(tokens, line) {
    const found = [];
    const open = [];
    const add = (node) => found.push(node.mark(open.reduce((set, one) => one.addToSet(set), node.marks)));
    tokens.forEach((token, at) => {
      const mark = MARKS[token.type];
      if (mark) {
        if (token.type === "link_open" && tokens[at + 1].type === "link_close") {
          this.fault(line, say("a link without text"));
        }
        if (open.some((one) => one.type === mark(token).type)) {
          this.fault(line, say("bold or italic text inside of the same"));
        }
        open.push(mark(token));
      } else if (UNMARKS[token.type]) {
        open.splice(open.findLastIndex((one) => one.type === UNMARKS[token.type]), 1);
      } else if (LEAVES[token.type]) {
        const node = LEAVES[token.type](token);
        if (node) add(node);
      }
      if (token.type === "softbreak" || token.type === "hardbreak") line++;
    });
    return found;
  }

  fault(line, what) {
    this.faults.push(new Fault(line, what));
  }
}

function alignment(token) {
  return (token.attrGet("style") ?? "").replace("text-align:", "");
}

function holdsParagraph(items) {
  return items.some((item) => item.content.content.some((node) => node.type === nodes.paragraph && node.childCount));
}
