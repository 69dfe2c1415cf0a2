// The scripts that pages load, into newsletter/web/static. `node build.js --watch` goes on building.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "..", "static");
const options = {
  absWorkingDir: here,
  // markdown-it brings along what finds bare addresses in a text, which our Markdown does not
  alias: { "linkify-it": "./src/editor/nothing.js" },
  entryPoints: [{ in: "src/desk.js", out: "desk" }],
  outdir: out,
  bundle: true,
  // the editor is a file of its own, which only pages load that have one
  splitting: true,
  format: "esm",
  chunkNames: "desk-[name]-[hash]",
  target: ["es2022", "chrome100", "firefox100", "safari15.4"],
  minify: !process.argv.includes("--watch"),
  sourcemap: process.argv.includes("--watch") ? "inline" : false,
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
};

if (process.argv.includes("--watch")) {
  await (await esbuild.context(options)).watch();
} else {
  // what was built before goes once there is something in its place
  const { outputFiles } = await esbuild.build({ ...options, write: false });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const { path, contents } of outputFiles) {
    writeFileSync(path, contents);
    console.log(`${basename(path)}: ${contents.length} bytes`);
  }
}
