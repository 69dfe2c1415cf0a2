// Maizzle: one template of its components and Tailwind's classes, with the output for production.
import { fileURLToPath } from "node:url";

import { render } from "@maizzle/framework";

import { serve } from "./serve.mjs";

const TEMPLATE = fileURLToPath(new URL("maizzle.vue", import.meta.url));
const CSS = { inline: true, purge: true, safe: true, shorthand: true, sixHex: true };

// links within a text get the classes that Link would have
const LINK = '<a class="text-[#17505c] dark:text-[#8ec3cd]" ';
const linked = (said) => JSON.parse(JSON.stringify(said).replaceAll("<a ", JSON.stringify(LINK).slice(1, -1)));

await serve(async (mail) => (await render(TEMPLATE, { css: CSS, props: { mail: linked(mail) } })).html);
