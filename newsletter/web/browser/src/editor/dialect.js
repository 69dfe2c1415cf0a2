// Our Markdown, read by markdown-it as newsletter/rendering/markdown/ reads it with markdown-it-py:
// CommonMark with tables, strikethrough and footnotes, no HTML. What the renderer does to a text
// afterwards (quotation marks, dashes, the levels of headings) is left to it.

import MarkdownIt from "markdown-it";

// As in newsletter/rendering/markdown/faults.py
const DEEPEST = 20;

export const parser = new MarkdownIt("commonmark", { html: false, maxNesting: DEEPEST + 10 });
parser.enable(["table", "strikethrough"]);
parser.validateLink = () => true;
// escapes and entities stay tokens of their own: the renderer sets no quotation mark there
parser.core.ruler.disable("text_join");
parser.block.ruler.before("table", "too_deep", tooDeep);
parser.block.ruler.before("reference", "footnote", footnote, { alt: ["paragraph", "reference"] });
parser.inline.ruler.after("image", "footnote_inline", footnoteInline);
parser.inline.ruler.after("footnote_inline", "footnote_ref", footnoteRef);

/** The labels of the footnotes that a text defines: without them, [^1] is text. */
export function labelled(labels) {
  return { footnotes: new Set(labels) };
}

function tooDeep(state, start, end, silent) {
  if (silent || state.level <= DEEPEST) return false;
  const token = state.push("too_deep", "", 0);
  token.map = [start, end];
  state.line = end;
  return true;
}

// [^label]: blocks
function footnote(state, startLine, endLine, silent) {
  if (state.sCount[startLine] - state.blkIndent >= 4) return false;
  const start = state.bMarks[startLine] + state.tShift[startLine];
  const max = state.eMarks[startLine];
  if (start + 4 > max || state.src.slice(start, start + 2) !== "[^") return false;
  let pos = start + 2;
  while (pos < max && state.src[pos] !== "]") {
    if (state.src[pos] === " ") return false;
    pos++;
  }
  if (pos === start + 2 || pos + 1 >= max || state.src[pos + 1] !== ":") return false;
  if (silent) return true;
  const label = state.src.slice(start + 2, pos);
  pos += 2;
  (state.env.footnotes ??= new Set()).add(label);
  const open = state.push("footnote_open", "", 1);
  open.meta = { label };

  const { parentType, blkIndent } = state;
  const before = [state.bMarks, state.tShift, state.sCount].map((one) => one[startLine]);
  const after = pos;
  const initial = state.sCount[startLine] + pos - start;
  let offset = initial;
  for (; pos < max; pos++) {
    if (state.src[pos] === "\t") offset += 4 - (offset % 4);
    else if (state.src[pos] === " ") offset++;
    else break;
  }
  state.tShift[startLine] = pos - after;
  state.sCount[startLine] = offset - initial;
  state.bMarks[startLine] = after;
  state.blkIndent += 4;
  state.parentType = "footnote";
  if (state.sCount[startLine] < state.blkIndent) state.sCount[startLine] += state.blkIndent;
  state.md.block.tokenize(state, startLine, endLine);
  Object.assign(state, { parentType, blkIndent });
  [state.bMarks, state.tShift, state.sCount].forEach((one, at) => (one[startLine] = before[at]));

  open.map = [startLine, state.line];
  state.push("footnote_close", "", -1);
  return true;
}

// ^[a note]: kept as it is written, since the renderer reads it apart from the text around it
function footnoteInline(state, silent) {
  const start = state.pos;
  const max = state.posMax;
  if (start + 2 >= max || state.src.slice(start, start + 2) !== "^[") return false;
  const end = state.md.helpers.parseLinkLabel(state, start + 1);
  if (end < 0) return false;
  if (!silent) {
    state.push("footnote_inline", "", 0).content = state.src.slice(start + 2, end);
  }
  state.pos = end + 1;
  state.posMax = max;
  return true;
}

// [^label]
function footnoteRef(state, silent) {
  const known = state.env.footnotes;
  const start = state.pos;
  const max = state.posMax;
  if (!known?.size || start + 3 > max || state.src.slice(start, start + 2) !== "[^") return false;
  let pos = start + 2;
  while (pos < max && state.src[pos] !== "]") {
    if (state.src[pos] === " " || state.src[pos] === "\n") return false;
    pos++;
  }
  const label = state.src.slice(start + 2, pos);
  if (!label || pos >= max || !known.has(label)) return false;
  if (!silent) state.push("footnote_ref", "", 0).meta = { label };
  state.pos = pos + 1;
  return true;
}
