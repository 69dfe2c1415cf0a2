// Reads a text a line, as JSON, and answers with what the visual editor would make of it, were every
// block touched: {"markdown": …, "kinds": what its blocks are to readers} or {"line": …, "what": …}. tests/node.py keeps it running.

import { createInterface } from "node:readline";
import { blocksOf } from "../src/editor/blocks.js";
import { Opened } from "../src/editor/writing.js";

for await (const line of createInterface({ input: process.stdin })) {
  const opened = new Opened(JSON.parse(line));
  const { fault } = opened;
  const kinds = blocksOf(opened.doc).map(({ kind }) => kind);
  console.log(JSON.stringify(fault ?? { markdown: opened.rewrite(opened.doc), kept: opened.write(opened.doc), kinds }));
}
