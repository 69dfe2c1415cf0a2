// react-email: its components with their styles on the elements, as its documentation has it.
import { createElement as h } from "react";
import * as E from "react-email";

import { COLOURS as c, serve } from "./serve.mjs";

const SERIF = "Georgia, Times, serif";
const SANS = "Helvetica, Arial, sans-serif";
const TEXT = { margin: "0 0 18px", fontFamily: SERIF, fontSize: "17px", lineHeight: "28px", color: c.ink };
const SMALL = { margin: "0 0 12px", fontFamily: SANS, fontSize: "13px", lineHeight: "20px", color: c.quiet };
const BUTTON = { backgroundColor: c.accent, color: "#ffffff", padding: "14px 28px", fontFamily: SANS, fontSize: "17px", fontWeight: "bold" };
const SHEET = { backgroundColor: "#ffffff", padding: "24px 36px" };

// links within a text get the style that Link would have
const linked = (html) => html.replaceAll("<a ", `<a style="color:${c.accent};text-decoration-line:underline" `);
const raw = (html) => ({ dangerouslySetInnerHTML: { __html: linked(html) } });
const text = (html, style = TEXT, key) => h(E.Text, { style, key, ...raw(html) });
const heading = (as, html, size) =>
  h(E.Heading, { as, style: { margin: "24px 0 12px", fontFamily: SERIF, fontSize: size, lineHeight: "1.3", color: c.ink }, ...raw(html) });
const list = (tag, items) =>
  h(tag, { style: { ...TEXT, padding: "0 22px" } }, items.map((one, key) => h("li", { key, ...raw(one) })));

function button(one) {
  return h(E.Button, { key: "button", href: one.href, style: BUTTON }, h("span", raw(one.html)));
}

function picture(one) {
  const image = h(E.Img, {
    src: one.src,
    alt: one.alt,
    width: one.width,
    height: one.height,
    style: { width: "100%", maxWidth: `${one.width}px`, height: "auto" },
  });
  return [
    h("div", { key: "picture" }, one.href ? h(E.Link, { href: one.href }, image) : image),
    one.caption ? text(one.caption, SMALL, "caption") : null,
  ];
}

function table({ heads, rows }) {
  const cell = (tag, { html, side }, key) =>
    h(tag, {
      key,
      scope: tag === "th" ? "col" : undefined,
      style: { padding: "8px 10px 8px 0", borderBottom: `1px solid ${c.line}`, textAlign: side || "left", fontFamily: SANS, fontSize: "15px", color: c.ink },
      ...raw(html),
    });
  const row = (tag, cells, key) => h("tr", { key }, cells.map((one, at) => cell(tag, one, at)));
  return h(
    "table",
    { width: "100%", style: { borderCollapse: "collapse", margin: "0 0 24px" } },
    h("thead", null, row("th", heads)),
    h("tbody", null, rows.map((one, key) => row("td", one, key))),
  );
}

const BLOCKS = {
  standfirst: (one) => text(one.html, { ...TEXT, fontSize: "20px", lineHeight: "30px", color: c.quote }),
  edge: picture,
  figure: picture,
  video: (one) => [...picture(one), button(one)],
  button,
  h2: (one) => heading("h2", one.html, "22px"),
  h3: (one) => heading("h3", one.html, "18px"),
  ul: (one) => list("ul", one.items),
  ol: (one) => list("ol", one.items),
  notes: (one) => list("ol", one.items),
  downloads: (one) => list("ul", one.items),
  pull: quotation,
  quoted: quotation,
  blockquote: quotation,
  columns: (one) =>
    h(
      E.Row,
      null,
      one.columns.map((column, key) =>
        h(E.Column, { key, style: { width: "50%", verticalAlign: "top" } }, column.map((two, at) => text(two.html, TEXT, at))),
      ),
    ),
  table,
  wide: table,
  hr: () => h(E.Hr),
  div: (one) => h("div", { lang: one.language, dir: one.direction }, one.blocks.map(block)),
};

function quotation(one) {
  return h(
    "blockquote",
    { style: { margin: "24px 0", padding: "0 18px", borderLeft: `4px solid ${c.accent}` } },
    one.lines.map((line, key) => text(line, { ...TEXT, fontStyle: "italic" }, key)),
    one.by ? text(one.by, SMALL) : null,
  );
}

function block(one, key) {
  return h(E.Section, { key }, (BLOCKS[one.kind] ?? ((other) => text(other.html)))(one));
}

function Mail({ mail }) {
  return h(
    E.Html,
    { lang: mail.language, dir: mail.direction },
    h(E.Head, null, h("title", null, mail.subject)),
    h(E.Preview, null, mail.preheader),
    h(
      E.Body,
      { lang: mail.language, dir: mail.direction, style: { margin: 0, backgroundColor: c.ground } },
      h(
        E.Container,
        { style: { maxWidth: "600px", width: "100%" } },
        h(
          E.Section,
          { style: { ...SHEET, borderTop: `4px solid ${c.accent}`, borderBottom: `1px solid ${c.line}` } },
          text(mail.name, { ...TEXT, margin: 0, fontSize: "21px", fontWeight: "bold", color: c.accent }),
          text(mail.tagline, { ...TEXT, margin: 0, fontSize: "15px", fontStyle: "italic" }),
        ),
        h(
          E.Section,
          { style: SHEET },
          mail.notice.map((one, key) => text(one, { ...TEXT, fontFamily: SANS, fontSize: "15px" }, key)),
          mail.above.map((one, key) => text(one, SMALL, key)),
          heading("h1", mail.title, "30px"),
          mail.blocks.map(block),
          h(E.Hr),
          text(mail.press.label, SMALL),
          text(mail.press.html, { ...TEXT, fontFamily: SANS, fontSize: "15px", lineHeight: "24px" }),
        ),
        h(E.Section, { style: { padding: "24px 36px" } }, mail.footer.map((one, key) => text(one, SMALL, key))),
      ),
    ),
  );
}

await serve((mail) => E.render(h(Mail, { mail })));
