// MJML: text, pictures and buttons in one column, and a section where the layout changes.
import mjml2html from "mjml";

import { COLOURS as c, serve } from "./serve.mjs";

const SERIF = "Georgia, Times, serif";
const SANS = "Helvetica, Arial, sans-serif";

const escape = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
const text = (html, style = "") => `<mj-text ${style}>${html}</mj-text>`;
const section = (inside, style = "") =>
  `<mj-section ${style}><mj-column>${inside}</mj-column></mj-section>`;
const list = (tag, items) =>
  text(`<${tag} style="margin:0;padding:0 22px">${items.map((one) => `<li>${one}</li>`).join("")}</${tag}>`);

function picture(one) {
  const link = one.href ? ` href="${escape(one.href)}"` : "";
  const image = `<mj-image src="${one.src}" alt="${escape(one.alt)}" width="${one.width}px"${link} />`;
  return image + (one.caption ? text(one.caption, `mj-class="small"`) : "");
}

function table({ heads, rows }) {
  const cell = (tag, { html, side }) =>
    `<${tag} style="padding:8px 10px 8px 0;border-bottom:1px solid ${c.line};text-align:${side || "left"}">${html}</${tag}>`;
  const row = (tag, cells) => `<tr>${cells.map((one) => cell(tag, one)).join("")}</tr>`;
  return `<mj-table>${row("th", heads)}${rows.map((one) => row("td", one)).join("")}</mj-table>`;
}

const quotation = (one) =>
  text(
    `<blockquote style="margin:0;border-left:4px solid ${c.accent};padding-left:18px;font-style:italic">${one.lines.join("<br><br>")}</blockquote>`,
  ) + (one.by ? text(one.by, `mj-class="small"`) : "");
const heading = ({ kind, html }) =>
  text(`<${kind} style="margin:0;font-size:22px;line-height:29px">${html}</${kind}>`, `padding-top="16px"`);
const button = (one) => `<mj-button href="${escape(one.href)}">${one.html}</mj-button>`;

const IN_A_COLUMN = {
  standfirst: (one) => text(one.html, `font-size="20px" line-height="30px" color="${c.quote}"`),
  figure: picture,
  video: (one) => picture(one) + button(one),
  button,
  h2: heading,
  h3: heading,
  ul: (one) => list("ul", one.items),
  ol: (one) => list("ol", one.items),
  notes: (one) => list("ol", one.items),
  downloads: (one) => list("ul", one.items),
  pull: quotation,
  quoted: quotation,
  blockquote: quotation,
  table,
  wide: table,
  hr: () => `<mj-divider border-width="1px" border-color="${c.line}" />`,
};
const SECTIONS = {
  edge: (one) =>
    `<mj-section padding="0"><mj-column><mj-image padding="0" src="${one.src}" alt="${escape(one.alt)}" /></mj-column></mj-section>` +
    (one.caption ? section(text(one.caption, `mj-class="small"`)) : ""),
  columns: (one) =>
    `<mj-section>${one.columns
      .map((column) => `<mj-column>${column.map((two) => text(two.html)).join("")}</mj-column>`)
      .join("")}</mj-section>`,
  div: (one) => `<mj-wrapper padding="0">${laidOut(one.blocks)}</mj-wrapper>`,
};

function laidOut(blocks) {
  let whole = "";
  let column = "";
  for (const one of blocks) {
    if (one.kind in SECTIONS) {
      whole += (column && section(column)) + SECTIONS[one.kind](one);
      column = "";
    } else column += (IN_A_COLUMN[one.kind] ?? (({ html }) => text(html)))(one);
  }
  return whole + (column && section(column));
}

function source(mail) {
  const align = mail.direction === "rtl" ? "right" : "left";
  return `<mjml lang="${mail.language}" dir="${mail.direction}">
<mj-head>
  <mj-title>${escape(mail.subject)}</mj-title>
  <mj-preview>${escape(mail.preheader)}</mj-preview>
  <mj-attributes>
    <mj-all font-family="${SERIF}" />
    <mj-section background-color="#ffffff" padding="0 11px" direction="${mail.direction}" />
    <mj-column direction="${mail.direction}" />
    <mj-text align="${align}" font-size="17px" line-height="28px" color="${c.ink}" />
    <mj-table align="${align}" font-size="15px" line-height="22px" color="${c.ink}" font-family="${SANS}" />
    <mj-button align="${align}" background-color="${c.accent}" color="#ffffff" font-size="17px" font-weight="bold" />
    <mj-class name="small" font-family="${SANS}" font-size="13px" line-height="20px" color="${c.quiet}" />
  </mj-attributes>
  <mj-style inline="inline">a { color: ${c.accent}; text-decoration: underline; } p { margin: 0; }</mj-style>
</mj-head>
<mj-body background-color="${c.ground}" width="600px">
  ${section(text(mail.name, `font-size="21px" font-weight="bold" color="${c.accent}"`) + text(mail.tagline, `font-style="italic" font-size="15px"`), `padding="14px 11px" border-top="4px solid ${c.accent}"`)}
  ${mail.notice.length ? section(mail.notice.map((one) => text(one, `font-family="${SANS}" font-size="15px"`)).join(""), `background-color="${c.ground}"`) : ""}
  ${section(mail.above.map((one) => text(one, `mj-class="small"`)).join("") + text(`<h1 style="margin:0;font-size:30px;line-height:38px">${mail.title}</h1>`))}
  ${laidOut(mail.blocks)}
  ${section(`<mj-divider border-width="1px" border-color="${c.line}" />` + text(mail.press.label, `mj-class="small"`) + text(mail.press.html, `font-family="${SANS}" font-size="15px" line-height="24px"`))}
  ${section(mail.footer.map((one) => text(one, `mj-class="small"`)).join(""), `background-color="${c.ground}"`)}
</mj-body>
</mjml>`;
}

await serve(async (mail) => {
  const { html, errors } = await mjml2html(source(mail), { validationLevel: "strict" });
  if (errors.length) throw new Error(errors[0].formattedMessage);
  return html;
});
