// Reads a text a line, as JSON, and answers with what the visual editor would make of it, were every
// block touched: {"markdown": …} or {"line": …, "what": …}. tests/node.py keeps it running.

import { createInterface } from "node:readline";
import { Opened } from "../src/editor/writing.js";

for await (const line of createInterface({ input: process.stdin })) {
  const opened = new Opened(JSON.parse(line));
  const { fault } = opened;
  console.log(JSON.stringify(fault ?? { markdown: opened.rewrite(opened.doc), kept: opened.write(opened.doc) }));
}
