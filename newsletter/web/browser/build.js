// The scripts that pages load, into newsletter/web/static, with the licences of the packages in them.
// `node build.js --watch` goes on building.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
  banner: { js: "// licences of the packages in this file: LICENSES.txt beside it" },
  charset: "utf8",
  logLevel: "warning",
};

// The name, version and licence of each package that put code into a script, by name.
function licences({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  const found = used.map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  const names = [...new Set(found.filter(Boolean))].sort();
  return names.map((name) => {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (!file) throw new Error(`${name} has no licence file: find out under which terms it comes`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
}

if (process.argv.includes("--watch")) {
  await (await esbuild.context(options)).watch();
} else {
  // what was built before goes once there is something in its place
  const { outputFiles, metafile } = await esbuild.build({
    ...options,
    write: false,
    metafile: true,
  });
  const notices = licences(metafile).join(`\n${"-".repeat(78)}\n\n`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const { path, contents } of outputFiles) {
    writeFileSync(path, contents);
    console.log(`${basename(path)}: ${contents.length} bytes`);
  }
  writeFileSync(join(out, "LICENSES.txt"), notices);
}
