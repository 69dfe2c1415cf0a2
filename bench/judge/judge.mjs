// Puts HTML files before caniemail and html-validate: node judge.mjs FILE...  → JSON on stdout.
// It only asks; what the answers count for is decided in Python.
import fs from "node:fs";

import { caniemail, rawData } from "caniemail";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const FAMILIES = {
  gmail: ["desktop-webmail", "ios", "android", "mobile-webmail"],
  outlook: ["windows", "windows-mail", "macos", "ios", "android", "outlook-com"],
  "apple-mail": ["macos", "ios"],
  yahoo: ["desktop-webmail", "ios", "android"],
};

// What only matters on the web, or that a mail needs to be otherwise.
const OFF = [
  "attribute-boolean-style", // spelling
  "deprecated", // mail programs keep layout attributes
  "doctype-style", // spelling
  "long-title", // a statement's title may be long
  "no-conditional-comment", // Outlook reads them
  "no-deprecated-attr",
  "no-implicit-button-type", // there are no buttons
  "no-inline-style", // mail programs drop others
  "no-trailing-whitespace", // spelling
  "prefer-native-element", // layout tables need a role; <main> and <article> get lost
  "tel-non-breaking", // numbers may break on a phone
  "void-style", // spelling
];

const support = new Map(rawData.data.map((one) => [one.title, structuredClone(one.stats)]));
// One client is made to support nothing, so that its errors name every feature that is used.
for (const one of rawData.data) one.stats.hey = { "desktop-webmail": { 2020: "n" } };

function features(html) {
  const found = new Set();
  const { issues } = caniemail({ clients: ["hey.desktop-webmail"], html });
  for (const several of issues.errors.values()) for (const one of several) found.add(one.title);
  return [...found].sort();
}

// The newest mark that the data have: "y", "a #1", "n", "u".
function marks(feature) {
  return Object.entries(FAMILIES).flatMap(([family, clients]) =>
    clients.flatMap((client) => {
      const versions = support.get(feature)?.[family]?.[client];
      const newest = versions && Object.keys(versions).at(-1);
      return newest === undefined ? [] : [{ family, client, mark: versions[newest] }];
    }),
  );
}

const validator = new HtmlValidate(
  new StaticConfigLoader({
    root: true,
    extends: ["html-validate:recommended"],
    rules: Object.fromEntries(OFF.map((rule) => [rule, "off"])),
  }),
);

async function complaints(html) {
  const { results } = await validator.validateString(html);
  return results.flatMap((one) =>
    one.messages.map(({ line, ruleId, message }) => ({ line, rule: ruleId, message })),
  );
}

const files = [];
const used = new Set();
for (const file of process.argv.slice(2)) {
  const html = fs.readFileSync(file, "utf8");
  const found = features(html);
  found.forEach((feature) => used.add(feature));
  files.push({ file, features: found, complaints: await complaints(html) });
}
const known = Object.fromEntries([...used].sort().map((feature) => [feature, marks(feature)]));
process.stdout.write(JSON.stringify({ files, marks: known }));
