import assert from "node:assert/strict";
import { test } from "node:test";
import { both, hunks } from "../src/diff.js";

test("what two texts have in common is found", () => {
  assert.deepEqual(hunks("a\nb\nc\nd", "a\nx\nc\nd\ne"), [
    { same: ["a"] },
    { mine: ["b"], theirs: ["x"] },
    { same: ["c", "d"] },
    { mine: [], theirs: ["e"] },
  ]);
  assert.deepEqual(hunks("a", "a"), [{ same: ["a"] }]);
});

test("both texts are in the joined one, each line of each", () => {
  let seed = 7;
  const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
  for (let round = 0; round < 500; round++) {
    const text = () => Array.from({ length: random(9) }, () => "abc "[random(4)].trim()).join("\n");
    const [mine, theirs] = [text(), text()];
    const lines = both(mine, theirs).split("\n");
    for (const one of [mine, theirs]) {
      let at = 0;
      for (const line of one.split("\n")) {
        at = lines.indexOf(line, at) + 1;
        assert.ok(at, `${JSON.stringify(one)} is not in ${JSON.stringify(lines)}`);
      }
    }
  }
});

test("two paragraphs that stand for each other stay two", () => {
  assert.equal(both("Opens at 8.", "Opens at 9."), "Opens at 8.\n\nOpens at 9.");
});

test("long texts without a line in common are compared at once", () => {
  const text = (letter) => Array.from({ length: 3000 }, (_, at) => letter + at).join("\n");
  assert.equal(hunks(text("a"), text("b")).length, 1);
});
