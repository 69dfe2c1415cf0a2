// What every peer does: a list of contents on stdin becomes a list of HTML pages on stdout, as JSON.
import { text } from "node:stream/consumers";

export const COLOURS = {
  accent: "#17505c",
  ground: "#f3f1ec",
  ink: "#22262b",
  line: "#e0dfdb",
  quiet: "#5b6168",
  quote: "#3d444b",
};

export async function serve(render) {
  const pages = [];
  for (const mail of JSON.parse(await text(process.stdin))) pages.push(await render(mail));
  process.stdout.write(JSON.stringify(pages)); // Node waits for it before it ends
}
