// The document that the visual editor shows → Markdown.

import { kindOf } from "./blocks.js";
import { inline, said } from "./inline.js";
import { Fault, read } from "./reading.js";
import { schema } from "./schema.js";
import { say } from "../words.js";

const { nodes, marks } = schema;

/**
 * A text that was opened in the visual editor, and what becomes of it.
 *
 * A block that nobody touched is written as it was, to the byte: what others see as changed is what
 * was changed. Where addresses stand at the foot of the text (`[a][1]`), which a block does not show,
 * the text is written anew once anything changes.
 */
export class Opened {
  constructor(text) {
    this.text = text.replace(/\r\n?/g, "\n");
    const { doc, faults, blocks, references, labels } = read(this.text);
    this.doc = doc;
    this.labels = labels;
    this.written = new WeakMap();
    this.sources = new WeakMap();
    this.faults = faults.length ? faults : this.lost(blocks);
    if (!references) this.keep(blocks);
  }

  /** What cannot be held, first of all lines first. */
  get fault() {
    return this.faults.reduce((a, b) => (a && a.line <= b.line ? a : b), null);
  }

  /** The Markdown of a document that was made of this text. */
  write(doc) {
    if (doc.eq(this.doc)) return this.text;
    return this.rewrite(doc, this.sources);
  }

  /** The same with nothing kept. */
  rewrite(doc, sources = new WeakMap()) {
    const labels = labelsOf(doc);
    const held = [];
    doc.forEach((node) => {
      if (!isEmpty(node)) held.push(node);
    });
    let out = "";
    let before = null;
    for (const node of held) {
      const kept = sources.get(node);
      const avoid = before && twin(before.node, node) ? before.text[marker(before.text)] : "";
      const asItWas = kept && (kept.after === before?.node || !avoid || avoid !== kept.source[marker(kept.source)]);
      const text = asItWas ? kept.source : this.block(node, labels, avoid);
      if (before) out += asItWas && kept.after === before.node ? kept.gap : "\n\n";
      out += text;
      before = { node, text };
    }
    return out && `${out}\n`;
  }

  block(node, labels, avoid) {
    if (avoid === "-" || avoid === ".") return block(node, labels, { alternate: true });
    if (!this.written.has(node)) this.written.set(node, block(node, labels, {}));
    return this.written.get(node);
  }

  // Each block that would not read back as it is
  lost(blocks) {
    const anew = read(this.rewrite(this.doc));
    const shown = (found) => found.blocks.map(([node]) => look(node));
    const [were, are] = [shown({ blocks }), shown(anew)];
    const at = were.findIndex((one, index) => one !== are[index]);
    if (at >= 0) return [new Fault(blocks[at][1] + 1, say("something that only Markdown can say"))];
    return are.length === were.length ? [] : [new Fault(1, say("something that only Markdown can say"))];
  }

  keep(blocks) {
    const lines = this.text.split("\n");
    let before = null;
    let last = 0;
    for (const [node, from, to] of blocks) {
      let end = to;
      while (end > from && !lines[end - 1]?.trim()) end--;
      const gap = `\n${lines.slice(last, from).map((line) => `${line}\n`).join("")}`;
      this.sources.set(node, { source: lines.slice(from, end).join("\n"), after: before, gap });
      before = node;
      last = end;
    }
  }
}

// where the mark of a list stands: the dash, or what follows the number
function marker(source) {
  return /^ *\d*/.exec(source)[0].length;
}

function isEmpty(node) {
  return node.type === nodes.paragraph && !node.textContent.trim() && node.childCount === textsOf(node);
}

function textsOf(node) {
  let count = 0;
  node.forEach((child) => (count += child.isText || child.type === nodes.hard_break ? 1 : 0));
  return count;
}

function labelsOf(doc) {
  const found = [];
  doc.forEach((node) => node.type === nodes.footnote && found.push(node.attrs.label));
  return found;
}

// --- blocks ------------------------------------------------------------------------------------

function block(node, labels, how) {
  return BLOCKS[node.type.name](node, labels, how);
}

const BLOCKS = {
  paragraph(node, labels) {
    // a button is written as people are told to, with the stars outside
    const isBold = node.content.content.every((child) => marks.strong.isInSet(child.marks));
    if (!isBold || kindOf(node) !== "button") return inline(node, labels).source;
    return `**${inline(without(node, marks.strong), labels).source}**`;
  },
  heading,
  blockquote: (node, labels) => indented(stacked(node, labels), "> ", "> "),
  bullet_list: (node, labels, how) => {
    const marker = how.alternate ? "*" : "-";
    return list(node, labels, () => marker);
  },
  ordered_list: (node, labels, how) => {
    const delimiter = how.alternate ? ")" : ".";
    return list(node, labels, (at) => `${node.attrs.start + at}${delimiter}`);
  },
  code_block: (node) => {
    const { info } = node.attrs;
    const mark = info.includes("`") ? "~" : "`";
    const runs = node.textContent.match(mark === "~" ? /~+/g : /`+/g) ?? [];
    const fence = mark.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
    const text = node.textContent && `${node.textContent}\n`;
    return `${fence}${info}\n${text}${fence}`;
  },
  rule: () => "___",
  table,
  footnote: (node, labels) => indented(stacked(node, labels), `[^${node.attrs.label}]: `, "    "),
};

function heading(node, labels) {
  const { level } = node.attrs;
  let lines = false;
  node.forEach((child) => {
    lines ||= child.type === nodes.hard_break || child.marks.some((mark) => mark.type.name === "soft");
  });
  if (lines && level <= 2) {
    const wrap = (source) => `${source}\n${"=-"[level - 1].repeat(3)}`;
    const { source, sure } = inline(node, labels, wrap);
    if (sure) return wrap(source);
  }
  const wrap = (source) => `${"#".repeat(level)} ${source.replace(/\\?\n/g, " ")}`.trimEnd();
  return wrap(inline(flat(node, lines), labels, wrap).source);
}

function without(node, mark) {
  const content = [];
  node.forEach((child) => content.push(child.mark(mark.removeFromSet(child.marks))));
  return node.type.create(node.attrs, content);
}

// without line breaks, where none can be
function flat(node, lines = true) {
  if (!lines) return node;
  const content = [];
  node.forEach((child) => {
    const soft = child.isText && child.marks.some((mark) => mark.type.name === "soft");
    if (child.type === nodes.hard_break || soft) content.push(schema.text(" "));
    else content.push(child);
  });
  return node.type.create(node.attrs, content);
}

function list(node, labels, marker) {
  const bodies = [];
  let loose = !node.attrs.tight;
  node.forEach((item) => {
    const blocks = filled(item);
    loose ||= blocks.some((one, at) => at && needsGap(blocks[at - 1], one));
    bodies.push(blocks);
  });
  return bodies
    .map((blocks, at) => {
      const mark = marker(at);
      const text = stack(blocks, labels, loose, mark === "-");
      return indented(text, `${mark} `, " ".repeat(mark.length + 1));
    })
    .join(loose ? "\n\n" : "\n");
}

// In a list without blank lines, these two would run together: a line of text goes on with whatever
// cannot begin anew there, also where it stands in a quotation or list of its own
function needsGap(before, next) {
  const isList = (node) => node.type === nodes.bullet_list || node.type === nodes.ordered_list;
  const goesOn = before.type === nodes.blockquote || before.type === nodes.table || isList(before);
  if (next.type === nodes.paragraph) return goesOn || before.type === nodes.paragraph;
  if (next.type === nodes.table) return goesOn;
  if (next.type === nodes.blockquote) return before.type === nodes.blockquote;
  if (!isList(next) || !(goesOn || before.type === nodes.paragraph)) return false;
  const late = next.type === nodes.ordered_list && next.attrs.start !== 1;
  return late || before.type === nodes.table || filled(next.firstChild).length === 0;
}

function filled(node) {
  const blocks = [];
  node.forEach((child) => {
    if (!isEmpty(child)) blocks.push(child);
  });
  return blocks;
}

function stacked(node, labels) {
  return stack(filled(node), labels, true, false);
}

function stack(blocks, labels, loose, inDash) {
  return blocks
    .map((node, at) => {
      const count = alternation(blocks.slice(0, at), node);
      // `- - -` were a line across
      const first = inDash && opensAList(blocks[0]) && count === at ? 1 : 0;
      return block(node, labels, { alternate: (count + first) % 2 === 1 });
    })
    .join(loose ? "\n\n" : "\n");
}

function opensAList(node) {
  return node.type === nodes.bullet_list && filled(node.firstChild)[0]?.type !== nodes.paragraph;
}

// How many lists of a kind stand right before: each second has another mark, else they were one
function alternation(before, node) {
  let count = 0;
  for (let at = before.length - 1; at >= 0 && twin(before[at], node); at--) count++;
  return count;
}

function twin(a, b) {
  return a.type === b.type && (a.type === nodes.bullet_list || a.type === nodes.ordered_list);
}

function indented(text, first, rest) {
  return text
    .split("\n")
    .map((line, at) => ((at ? rest : first) + line).trimEnd() || "")
    .map((line, at, all) => (all[at].trim() ? line : line.trimEnd()))
    .join("\n");
}

function table(node, labels) {
  const width = node.firstChild.childCount;
  const rows = [];
  node.forEach((row) => {
    const cells = [];
    row.forEach((cell) => cells.push(cellText(cell, labels)));
    rows.push(Array.from({ length: width }, (_, at) => cells[at] ?? ""));
  });
  const marks = [];
  node.firstChild.forEach((cell) => marks.push(RULES[cell.attrs.align] ?? "---"));
  rows.splice(1, 0, marks);
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const RULES = { left: ":--", center: ":-:", right: "--:" };

function cellText(cell, labels) {
  const piped = (source) => source.replace(/\\?\n/g, " ").replace(/\|/g, "\\|");
  return piped(inline(flat(cell), labels, (source) => `| ${piped(source)} |\n| --- |`).source);
}

// --- what a block says, however it is spelled ----------------------------------------------------

function look(node) {
  const { tight, ...attrs } = node.attrs;
  const own = [node.type.name, attrs];
  if (node.isTextblock && !node.type.spec.code) return JSON.stringify([...own, said(node)]);
  if (node.isTextblock) return JSON.stringify([...own, node.textContent]);
  const parts = [];
  node.forEach((child) => parts.push(look(child)));
  return JSON.stringify([...own, tight, parts]);
}
