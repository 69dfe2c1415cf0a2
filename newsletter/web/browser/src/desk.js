// What every page of the desk loads. A page works without any of it; what it may do more stands in
// data- attributes. The visual editor is loaded where there is one.

import { autosave, received } from "./autosave.js";
import { confirmNumber } from "./confirm.js";
import { copy } from "./copy.js";
import { countdown } from "./countdown.js";
import { drawer } from "./drawer.js";
import { embargo } from "./embargo.js";
import { fit } from "./fit.js";
import { live } from "./live.js";
import { menu } from "./menu.js";
import { count, mirror, oneLine, swatch } from "./mirror.js";
import { once } from "./once.js";
import { passkey } from "./passkey.js";
import { pick } from "./pick.js";
import { preview } from "./preview.js";
import { print } from "./print.js";
import { time } from "./time.js";

const BEHAVIOURS = [
  ["[data-preview]", preview],
  ["[data-fit]", fit],
  ["details.menu", menu],
  ["[data-countdown]", countdown],
  ["[data-live]", live],
  ["[data-confirm-number]", confirmNumber],
  ["[data-passkey]", passkey],
  ["[data-print]", print],
  ["[data-copy]", copy],
  ["input[data-time]", time],
  ["[data-pick]", pick],
  [".drawer, .panel", drawer],
  // a copy of what was typed is put back before the editor reads it
  ["form[data-autosave]", autosave],
  ["[data-embargo]", embargo],
  ["[data-shows]", mirror],
  ["[data-count]", count],
  ["[data-swatch]", swatch],
  ["textarea[data-one-line]", oneLine],
  // the last to be asked whether a form is sent
  ['form[method="post" i]', once],
];

received();
for (const [selector, begin] of BEHAVIOURS) document.querySelectorAll(selector).forEach(begin);

const texts = document.querySelectorAll('textarea[data-editor="visual"]');
if (texts.length) {
  import("./editor/editor.js").then(({ visual }) => texts.forEach(visual));
}

document.querySelector(".errors[role=alert]")?.focus();
