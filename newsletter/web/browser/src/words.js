// The sentences of scripts in the language of the page, by their English. A page in another language
// holds them in <script type="application/json" data-words>; one that counts is a list: of one, of many.

const found = globalThis.document?.querySelector("[data-words]");
const words = found ? JSON.parse(found.textContent) : {};

/** Fill a pattern; of two the second unless the value `count` is one, as the language counts. */
export function say(one, many, values = many) {
  let said = words[one] ?? one;
  if (typeof many === "string") {
    const form = new Intl.PluralRules(globalThis.document?.documentElement.lang || "en").select(values.count);
    said = [words[one] ?? [one, many]].flat()[form === "one" ? 0 : 1];
  }
  return said.replace(/\{(\w+)\}/g, (gap, name) => values?.[name] ?? gap);
}
