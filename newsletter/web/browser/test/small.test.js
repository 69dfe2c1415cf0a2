import assert from "node:assert/strict";
import { test } from "node:test";
import { words } from "../src/countdown.js";
import { address } from "../src/editor/dialogs.js";

test("a countdown is told in minutes and seconds", () => {
  assert.deepEqual([0, 59, 272, 3600, 7325].map(words), ["0:00", "0:59", "4:32", "1:00:00", "2:02:05"]);
});

test("an address is made whole as people write it", () => {
  for (const [written, whole] of [
    ["example.org", "https://example.org"],
    [" https://example.org/a?b=c#d ", "https://example.org/a?b=c#d"],
    ["http://example.org/a", "https://example.org/a"],
    ["//example.org", "https://example.org"],
    ["ana@example.org", "mailto:ana@example.org"],
    ["mailto:ana@example.org?subject=a", "mailto:ana@example.org?subject=a"],
    ["tel:+4930123", "tel:+4930123"],
    ["example.org:8080/a", "https://example.org:8080/a"],
    ["https://example.org/a b", "https://example.org/a%20b"],
  ]) {
    assert.equal(address(written), whole);
  }
});

test("an address that no email may have is refused in words", () => {
  for (const written of ["", "word", "javascript:alert(1)", "ftp://example.org", "https://", "data:text/html,x"]) {
    assert.throws(() => address(written), /address/, written);
  }
});
