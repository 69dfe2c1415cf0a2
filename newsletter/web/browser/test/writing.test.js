// What is typed in the visual editor is what is read of the Markdown that it writes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "prosemirror-state";
import { typed } from "../src/editor/inline.js";
import { schema } from "../src/editor/schema.js";
import { Opened } from "../src/editor/writing.js";

const { nodes, marks } = schema;
const TEXT = `Intro of _two_
lines.

* a list
* with \\*stars\\*

1) one

    code

| a | b |
|:--|--|
| c | d |

End [here](https://example.org 'T').

`;

function changed(opened, change) {
  const state = EditorState.create({ doc: opened.doc });
  return state.apply(change(state.tr)).doc;
}

test("only the block that was changed is written anew", () => {
  const opened = new Opened(TEXT);
  const doc = changed(opened, (tr) => tr.insertText("My ", 1));
  assert.equal(opened.write(doc), TEXT.replace("Intro of _two_", "My Intro of *two*").trimEnd() + "\n");
});

test("what was changed and changed back is the text that it was", () => {
  const opened = new Opened(TEXT);
  const state = EditorState.create({ doc: opened.doc });
  const once = state.apply(state.tr.insertText("My ", 1));
  const back = once.apply(once.tr.delete(1, 4));
  assert.equal(opened.write(back.doc), TEXT);
});

test("a block that was removed leaves the others as they were", () => {
  const opened = new Opened(TEXT);
  const doc = changed(opened, (tr) => tr.delete(0, opened.doc.firstChild.nodeSize));
  assert.equal(opened.write(doc), `${TEXT.slice(TEXT.indexOf("* a list")).trimEnd()}\n`);
});

test("lists that come to stand side by side stay two", () => {
  const opened = new Opened("- a\n\nbetween\n\n- b\n");
  const [first, between] = [opened.doc.child(0), opened.doc.child(1)];
  const doc = changed(opened, (tr) => tr.delete(first.nodeSize, first.nodeSize + between.nodeSize));
  const written = opened.write(doc);
  assert.equal(written, "- a\n\n* b\n");
  assert.equal(new Opened(written).doc.childCount, 2);
});

test("a text with addresses at its foot is written anew, and loses none", () => {
  const opened = new Opened("One [a][1]\n\nTwo\n\n[1]: https://example.org\n");
  const doc = changed(opened, (tr) => tr.insertText("My ", 1));
  assert.equal(opened.write(doc), "My One [a](https://example.org)\n\nTwo\n");
});

// --- any document ---------------------------------------------------------------------------------

const WORDS = ["word", "1986.", "- x", "# y", "> z", "*a*", "_b_", "**", "`c`", "[d](e)", "![f](g)", "<h>", "&amp;", "\\", "|", "~~i~~"];
WORDS.push("---", "===", "***", "```", "[j]: k", "[^1]: l", "^[m]", "2)", "+", "=", "https://e.org/a_b", "snake_case", "é!", "“", "\\*", "#", " ", "  ");

class Random {
  constructor(seed) {
    this.state = seed;
  }

  below(most) {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % most;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  times(least, most, make) {
    return Array.from({ length: least + this.below(most - least + 1) }, () => make());
  }
}

function textNodes(random) {
  return random.times(1, 4, () => {
    const kind = random.below(12);
    const set = [marks.em, marks.strong, marks.strike].filter(() => random.below(4) === 0).map((mark) => mark.create());
    if (random.below(5) === 0) set.push(marks.link.create({ href: random.of(["https://e.org/(a", "https://e.org?a=1&amp;b"]) }));
    const marked = (node) => node.mark(set.reduce((all, mark) => mark.addToSet(all), node.marks));
    if (kind === 0) return marked(nodes.image.create({ src: "https://e.org/p.png", alt: random.of(WORDS), title: random.of(["", 'T "t"']) }));
    if (kind === 1) return marked(schema.text(random.of(["x", "a`b", "`", " y ", "|"]), [marks.code.create()]));
    if (kind === 2) return marked(nodes.footnote_inline.create({ source: "n *o*" }));
    const text = random.times(1, 4, () => random.of(WORDS)).join(random.of(["", " ", " "]));
    return marked(schema.text(text));
  });
}

function blocks(random, depth) {
  return random.times(1, 3, () => {
    const kind = random.below(depth > 2 ? 4 : 9);
    if (kind < 3) return nodes.paragraph.create(null, textNodes(random));
    if (kind === 3) return nodes.heading.create({ level: 1 + random.below(6) }, textNodes(random));
    if (kind === 4) return nodes.blockquote.create(null, blocks(random, depth + 1));
    if (kind === 5) return random.of([nodes.rule.create(), nodes.code_block.create(null, schema.text("a\n```\n\n  b"))]);
    if (kind === 6) return table(random);
    const type = random.of([nodes.bullet_list, nodes.ordered_list]);
    const items = random.times(1, 3, () => nodes.list_item.create(null, blocks(random, depth + 1)));
    const attrs = { tight: random.below(2) === 0, ...(type === nodes.ordered_list ? { start: 1 + random.below(3) } : {}) };
    return type.create(attrs, items);
  });
}

function table(random) {
  const width = 1 + random.below(3);
  const row = (type, cell) =>
    type.create(null, Array.from({ length: width }, () => cell.create(null, textNodes(random))));
  return nodes.table.create(null, [
    row(nodes.table_head, nodes.header_cell),
    ...random.times(0, 2, () => row(nodes.table_row, nodes.table_cell)),
  ]);
}

// An empty paragraph is nothing, and so is whether a list has empty lines between
function shape(node) {
  if (node.isTextblock && !node.type.spec.code) return [node.type.name, node.attrs, typed(node)];
  if (node.isTextblock) return [node.type.name, node.textContent];
  const parts = [];
  node.forEach((child) => {
    if (child.type !== nodes.paragraph || typed(child) !== "[]") parts.push(shape(child));
  });
  const { tight, ...attrs } = node.attrs;
  return [node.type.name, attrs, parts];
}

// Bold, italic and struck words that overlap without a blank between cannot all be said in Markdown
const MOST = 2;

test("any document reads back as what it is", () => {
  const opened = new Opened("");
  const others = [];
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed * 7919);
    random.below(9);
    const doc = nodes.doc.create(null, blocks(random, 0));
    doc.check();
    const written = opened.rewrite(doc);
    const again = new Opened(written);
    if (again.fault) others.push(`${seed}: ${again.fault.what}\n${written}`);
    else if (JSON.stringify(shape(again.doc)) !== JSON.stringify(shape(doc))) others.push(`${seed}:\n${written}`);
  }
  assert.ok(others.length <= MOST, others.join("\n"));
});
