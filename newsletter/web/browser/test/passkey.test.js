import assert from "node:assert/strict";
import { test } from "node:test";
import { octets, read, text, written } from "../src/passkey.js";

test("octets are written and read back, whichever they are", () => {
  for (const length of [0, 1, 2, 3, 32, 255]) {
    const given = Uint8Array.from({ length }, (_, at) => (at * 251 + 62) % 256);
    assert.match(text(given), /^[A-Za-z0-9_-]*$/);
    assert.deepEqual(octets(text(given)), given);
  }
  assert.equal(text(Uint8Array.from([251, 255, 191])), "-_-_");
});

test("what the server asks for reaches the browser as octets", () => {
  const asked = read({
    challenge: "AQID",
    rpId: "localhost",
    user: { id: "BA", name: "ana" },
    allowCredentials: [{ type: "public-key", id: "BQ" }],
  });
  assert.deepEqual(asked.challenge, Uint8Array.of(1, 2, 3));
  assert.deepEqual(asked.user, { id: Uint8Array.of(4), name: "ana" });
  assert.deepEqual(asked.allowCredentials, [{ type: "public-key", id: Uint8Array.of(5) }]);
  assert.equal(asked.rpId, "localhost");
  assert.equal("excludeCredentials" in asked, false);
});

test("of what the browser gives, the server gets what it reads", () => {
  const given = {
    id: "AQ",
    rawId: Uint8Array.of(1).buffer,
    type: "public-key",
    response: {
      clientDataJSON: Uint8Array.of(2).buffer,
      authenticatorData: Uint8Array.of(3).buffer,
      signature: Uint8Array.of(4).buffer,
      userHandle: null,
    },
  };
  assert.deepEqual(written(given), {
    id: "AQ",
    rawId: "AQ",
    type: "public-key",
    response: { clientDataJSON: "Ag", authenticatorData: "Aw", signature: "BA" },
  });
});
