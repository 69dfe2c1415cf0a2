// The words of one block → Markdown, and the proof that it reads back as those words.

import { parser, labelled } from "./dialect.js";
import { read } from "./reading.js";
import { schema } from "./schema.js";

const { nodes, marks } = schema;
const FORMATS = [marks.link, marks.strong, marks.em, marks.strike];

/**
 * Markdown for what a paragraph, heading or cell holds. `wrap` puts it into the block it stands in,
 * in which it is read again: the first spelling that reads back as what it was is taken, with as few
 * escapes as will do. `sure` is false where none does.
 */
export function inline(node, labels, wrap = (source) => source) {
  const wanted = trimmed(pieces(node));
  const tried = [];
  for (const how of SPELLINGS) {
    const source = spell(how.loose ? loosened(wanted) : wanted, how);
    const found = reread(wrap(source), node.type, labels);
    if (key(wanted, true) === key(found, true)) return { source, sure: true };
    tried.push({ source, found });
  }
  const right = tried.find(({ found }) => key(wanted) === key(found));
  if (right) return { source: right.source, sure: true };
  return { source: tried.at(-1).source, sure: false };
}

const SPELLINGS = [
  {},
  { em: "_" },
  { starts: true },
  { starts: true, em: "_" },
  { starts: true, some: true },
  { starts: true, all: true },
  { starts: true, all: true, em: "_" },
  { starts: true, some: true, loose: true },
  { starts: true, all: true, loose: true, em: "_" },
  { starts: true, all: true, loose: true, apart: true },
  { starts: true, all: true, loose: true, apart: true, em: "_" },
];

function reread(source, type, labels) {
  const { doc } = read(source, labelled(labels));
  const block = doc.childCount === 1 ? doc.firstChild : null;
  if (!block) return [];
  if (block.type === nodes.table) return pieces(block.firstChild.firstChild);
  return block.type === type ? pieces(block) : [];
}

/** What a block holds, piece by piece: a text or another leaf, and how it is set. */
function pieces(node) {
  const found = [];
  node.forEach((child) => {
    const set = child.marks.filter((mark) => FORMATS.includes(mark.type));
    const other = (type) => child.marks.find((mark) => mark.type === type);
    if (!child.isText) return found.push({ kind: child.type.name, attrs: child.attrs, set });
    if (other(marks.code)) return found.push({ kind: "code", text: child.text, set });
    if (other(marks.soft) && /^ +$/.test(child.text)) {
      return found.push({ kind: "text", text: "\n", set, soft: true });
    }
    const verbatim = other(marks.verbatim)?.attrs;
    const times = verbatim && child.text.split(verbatim.content).length - 1;
    if (times && child.text === verbatim.content.repeat(times)) {
      return found.push({ kind: "text", text: child.text, set, source: verbatim.markup.repeat(times) });
    }
    found.push({ kind: "text", text: child.text.replaceAll("\n", " "), set });
  });
  return found;
}

const linksOf = (piece) => piece.set.filter((mark) => mark.type === marks.link);

// A text as words and the blanks at its ends
function chunks(piece) {
  if (piece.kind !== "text" || piece.source || piece.soft) return [piece];
  const [, before, inner, after] = /^(\s*)(.*?)(\s*)$/s.exec(piece.text);
  return [before, inner, after].filter(Boolean).map((text) => ({ ...piece, text }));
}

function worded(piece) {
  if (piece.kind !== "text") return [piece];
  return piece.text.match(/\s+|\S+/g).map((text) => ({ ...piece, text }));
}

// Where bold or italic begins or ends beside a blank, the blank is neither: `**a **` is no bold
function loosened(list) {
  const parts = list.flatMap(chunks);
  const formats = (piece) => (piece ? piece.set.filter((mark) => mark.type !== marks.link) : []);
  const same = (a, b) => a.length === b.length && a.every((mark) => mark.isInSet(b));
  return parts.map((piece, at) => {
    if (piece.kind !== "text" || piece.source || piece.text.trim()) return piece;
    const here = formats(piece);
    const calm = same(here, formats(parts[at - 1])) && same(here, formats(parts[at + 1]));
    return calm ? piece : { ...piece, set: linksOf(piece) };
  });
}

// Blanks at the ends of a block, and at the ends of what is set bold or italic, say nothing
function trimmed(list) {
  const kept = list.flatMap((piece) => {
    const set = piece.set.filter((mark) => mark.type === marks.link);
    if (piece.kind !== "text" || piece.source || piece.set.length === set.length) return [piece];
    const [, before, inner, after] = /^(\s*)(.*?)(\s*)$/s.exec(piece.text);
    return [before, inner, after]
      .map((text, at) => ({ ...piece, text, loose: at !== 1 && set }))
      .filter((one) => one.text);
  });
  kept.forEach((piece, at) => {
    if (!piece.loose) return;
    const formatted = (next) => next && !next.loose && next.set;
    const lost = piece.set.filter(
      (mark) =>
        mark.type !== marks.link &&
        !(near(kept, at, -1, mark, formatted) && near(kept, at, 1, mark, formatted)),
    );
    piece.set = piece.set.filter((mark) => !lost.includes(mark));
  });
  return edged(kept.map(({ loose, ...piece }) => piece));
}

// whether the next piece that is no blank has the mark as well, and all blanks before it
function near(list, at, step, mark, formatted) {
  for (let next = at + step; list[next]; next += step) {
    if (!mark.isInSet(list[next].set)) return false;
    if (formatted(list[next])) return true;
  }
  return false;
}

function edged(list) {
  const kept = [...list];
  const blank = (piece) =>
    piece?.kind === "hard_break" || (piece?.kind === "text" && !piece.source && !piece.text.trim());
  while (blank(kept[0])) kept.shift();
  while (blank(kept.at(-1))) kept.pop();
  const trim = (at, how) => {
    const piece = kept.at(at);
    if (piece?.kind === "text" && !piece.source) {
      kept[at < 0 ? kept.length + at : at] = { ...piece, text: piece.text[how]() };
    }
  };
  trim(0, "trimStart");
  trim(-1, "trimEnd");
  return kept;
}

/** What a block with words says to readers. */
export function said(node) {
  return key(pieces(node), true);
}

/** The same of a block that was typed: blanks at its ends, or those of what is bold, say nothing. */
export function typed(node) {
  return key(trimmed(pieces(node)), false);
}

// What readers would see of the pieces, as one text: what is spelled apart counts as one. `strict`
// also tells what the renderer would set otherwise: a quotation mark or a dash that was escaped.
function key(list, strict) {
  const runs = [];
  for (const piece of strict ? list : list.flatMap(worded)) {
    const { kind, text = "", attrs, source } = piece;
    // that a blank is bold nobody sees
    const set = strict || kind !== "text" || text.trim() ? piece.set : linksOf(piece);
    const look = JSON.stringify([
      kind,
      { ...attrs, raw: null },
      set.map((mark) => [mark.type.name, mark.type === marks.link ? [mark.attrs.href, mark.attrs.title] : 0]),
    ]);
    const signs = source ? [...text].map((sign) => `${sign}${ESCAPED}`).join("") : text;
    if (runs.at(-1)?.look === look && attrs === undefined) runs.at(-1).text += signs;
    else runs.push({ look, text: signs });
  }
  return JSON.stringify(
    runs.map((run) => [run.look, escapes(run.text, strict).replace(/ *\n */g, "\n")]),
  );
}

// A sign that no text has: reading refuses texts with it
const ESCAPED = "\u0001";

function escapes(text, strict) {
  if (!strict) return text.replaceAll(ESCAPED, "");
  const bare = (part) => part.replaceAll(ESCAPED, "");
  return text.replaceAll(/(.)\u0001/gsu, (found, sign, at) => {
    const around = bare(text.slice(Math.max(0, at - 4), at)).slice(-2) + sign + bare(text.slice(at + 2, at + 6)).slice(0, 2);
    return /["']/.test(sign) || /--|\.\./.test(around) ? found : sign;
  });
}

// --- how it is spelled -------------------------------------------------------------------------

function spell(list, how) {
  const out = [];
  let open = [];
  list.forEach((piece, at) => {
    const auto = autolink(list, at);
    if (auto?.skip) return;
    const { keep, start } = turn(list, at, open);
    for (const mark of open.slice(keep).reverse()) out.push(delimiter(mark, how, false));
    open = open.slice(0, keep);
    if (!auto) for (const mark of start) out.push(delimiter(mark, how, true));
    else for (const mark of start.filter((one) => one.type !== marks.link)) out.push(delimiter(mark, how, true));
    open.push(...(auto ? start.filter((one) => one.type !== marks.link) : start));
    const first = !out.length || out.at(-1).text.endsWith("\n");
    out.push(auto ? { text: auto.source } : leaf(piece, how, first));
  });
  for (const mark of [...open].reverse()) out.push(delimiter(mark, how, false));
  if (how.apart) setApart(out);
  return out.map((one) => one.text).join("");
}

// Which of the open marks stay open before this piece, and which begin here, outermost first
function turn(list, at, open) {
  const set = list[at].set;
  const starting = (kept) => set.filter((mark) => !kept.some((one) => one.eq(mark)));
  let keep = open.findIndex((mark) => !mark.isInSet(set));
  if (keep < 0) keep = open.length;
  const link = starting(open.slice(0, keep)).find((mark) => mark.type === marks.link);
  if (link) {
    const short = open.slice(0, keep).findIndex((mark) => end(list, at, mark) < end(list, at, link));
    if (short >= 0) keep = short;
  }
  const start = starting(open.slice(0, keep)).sort(
    (a, b) => end(list, at, b) - end(list, at, a) || FORMATS.indexOf(a.type) - FORMATS.indexOf(b.type),
  );
  return { keep, start };
}

function end(list, at, mark) {
  let last = at;
  while (last < list.length && mark.isInSet(list[last].set)) last++;
  return last;
}

const DELIMITERS = new Map([
  [marks.strong, () => "**"],
  [marks.em, (how) => how.em ?? "*"],
  [marks.strike, () => "~~"],
]);

function delimiter(mark, how, opening) {
  if (mark.type !== marks.link) return { text: DELIMITERS.get(mark.type)(how), mark: true, opening };
  return { text: opening ? "[" : `](${target(mark.attrs)})` };
}

// An address that is its own text: <https://example.org>
function autolink(list, at) {
  const link = list[at].set.find((mark) => mark.type === marks.link && mark.attrs.auto);
  if (!link) return null;
  let first = at;
  while (first > 0 && link.isInSet(list[first - 1].set)) first--;
  const all = list.slice(first, end(list, first, link));
  if (all.some((one) => one.kind !== "text" || one.set.length !== all[0].set.length)) return null;
  const { href } = link.attrs;
  const shown = all.map((one) => one.text).join("");
  const raw = href === `mailto:${shown}` ? shown : href;
  const [token] = parser.parseInline(`<${raw}>`, {})[0].children;
  const read = parser.parseInline(`<${raw}>`, {})[0].children;
  if (token?.info !== "auto" || token.attrGet("href") !== href) return null;
  if (read[1].content !== shown) return null;
  return first === at ? { source: `<${raw}>` } : { skip: true };
}

const LEAVES = {
  code: ({ text }) => {
    const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
    const runs = new Set((text.match(/`+/g) ?? []).map((run) => run.length));
    let size = 1;
    while (runs.has(size) && size <= longest) size++;
    const pad = /^`|`$/.test(text) || /^ .*[^ ].* $|^ [^ ] $/s.test(text) ? " " : "";
    return "`".repeat(size) + pad + text + pad + "`".repeat(size);
  },
  hard_break: () => "\\\n",
  footnote_ref: ({ attrs }) => `[^${attrs.label}]`,
  footnote_inline: ({ attrs }) => `^[${attrs.source}]`,
  image: ({ attrs }) => `![${attrs.raw || escape(attrs.alt)}](${target({ ...attrs, href: attrs.src })})`,
};

function leaf(piece, how, first) {
  if (piece.kind !== "text") return { text: LEAVES[piece.kind](piece) };
  if (piece.source) return { text: piece.source };
  let text = piece.text;
  if (how.some) text = escapeSome(text);
  if (how.all) text = escape(text);
  if (how.starts && first) text = text.replace(STARTS, "$1\\$2").replace(NUMBER, "$1\\$2");
  if (how.starts) text = text.replace(CLOSING, "$1\\$2");
  return { text, words: true };
}

function escape(text) {
  return text
    .replace(/[\\`*_[\]~^<|]/g, "\\$&")
    .replace(/&(?=#?[a-z0-9]+;)/gi, "&amp;")
    .replace(/!$/, "\\!");
}

// What may well mean something, where it stands
function escapeSome(text) {
  return text
    .replace(/\\(?=[!-/:-@[-`{-~]|$)|[`[\]]|\^(?=\[)|<(?=[a-z])|~(?=~)/gi, "\\$&")
    .replace(/(?<!\s)\*|\*(?!\s)/g, "\\*")
    .replace(/(?<![\s\p{L}\p{N}])_|_(?![\s\p{L}\p{N}])|(?<=\s)_(?!\s)|(?<!\s)_(?=\s)/gu, "\\_")
    .replace(/&(?=#?[a-z0-9]+;)/gi, "&amp;")
    .replace(/!$/, "\\!");
}

// What would begin a list, a heading and so on, were it the first of a line
const STARTS = /^(\s*)([-+*](?=\s|$)|#{1,6}(?=\s|$)|>|=+\s*$|-[-\s]*$|[*_](?=[*_\s]*$)|~(?=~~)|`(?=``)|[|[:])/;
const NUMBER = /^(\s*\d{1,9})([.)])(?=\s|$)/;
// a row of these ends a heading
const CLOSING = /(^|[^\\#])(#+\s*)$/;

// A letter beside a delimiter that would not count there is written as an entity
function setApart(out) {
  out.forEach((one, at) => {
    if (!one.mark) return;
    if (!one.opening && out[at + 1]?.words) out[at + 1].text = entityFirst(out[at + 1].text);
    if (one.opening && out[at - 1]?.words) out[at - 1].text = entityLast(out[at - 1].text);
  });
}

function entityFirst(text) {
  return text.replace(/^[^\s\\&]/u, (letter) => `&#${letter.codePointAt(0)};`);
}

function entityLast(text) {
  return text.replace(/(?<!\\)[^\s\\;]$/u, (letter) => `&#${letter.codePointAt(0)};`);
}

function target({ href, title }) {
  const address = href.replace(/&(?=#?[a-z0-9]+;)/gi, "&amp;");
  const bare = address && !/[\s<>]/.test(address) && balanced(address);
  const words = title && ` "${title.replace(/[\\"]/g, "\\$&").replace(/&(?=#?[a-z0-9]+;)/gi, "&amp;")}"`;
  return (bare ? address : `<${address.replace(/[<>\\]/g, "\\$&")}>`) + words;
}

function balanced(address) {
  let depth = 0;
  for (const letter of address) {
    if (letter === "\\") return false;
    if (letter === "(") depth++;
    if (letter === ")" && --depth < 0) return false;
  }
  return depth === 0;
}
