// A passkey, in the place of a code or a new one. `data-passkey` is "get" or "create", `data-options` is
// where it is said what the browser is to ask for, `data-field` the hidden field that takes the answer.
// Nothing is to be seen of it where there is no script or the browser has no passkeys.

import { make } from "./dom.js";
import { say } from "./words.js";

export function passkey(element) {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const { passkey: deed, options, field } = element.dataset;
  const button = element.querySelector("button");
  const form = element.closest("form");
  const said = make("p", { class: "fault", role: "status" });
  element.append(said);
  element.hidden = false;
  for (const one of document.querySelectorAll("[data-without-passkeys]")) one.hidden = true;

  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "";
    try {
      const publicKey = read(await asked(options));
      const given = await navigator.credentials[deed]({ publicKey });
      form.elements[field].value = JSON.stringify(written(given));
      // the code that is asked for beside it is not needed
      form.noValidate = true;
      form.requestSubmit();
    } catch (error) {
      said.textContent = words(error);
    } finally {
      button.disabled = false;
    }
  });
}

class Told extends Error {}

async function asked(address) {
  const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json" } });
  if (!answer.headers.get("content-type")?.includes("json")) {
    throw new Told(say("That took too long. Reload the page."));
  }
  const said = await answer.json();
  if (!answer.ok) throw new Told(said.fault);
  return said;
}

function words(error) {
  if (error instanceof Told) return error.message;
  if (error.name === "InvalidStateError") return say("This device has a passkey for your account already.");
  // the browser does not say whether somebody cancelled, waited or has none
  if (error.name === "NotAllowedError") return say("Nothing was done. Try again, or use a code.");
  if (error.name === "SecurityError") return say("The browser allows no passkeys at this address.");
  return say("That didn't work. Try again, or use a code.");
}

/** What the server wrote, as the browser wants it: octets in the place of base64url. */
export function read(options) {
  const described = (list) => list?.map((one) => ({ ...one, id: octets(one.id) }));
  const found = { ...options, challenge: octets(options.challenge) };
  if (options.user) found.user = { ...options.user, id: octets(options.user.id) };
  if (options.allowCredentials) found.allowCredentials = described(options.allowCredentials);
  if (options.excludeCredentials) found.excludeCredentials = described(options.excludeCredentials);
  return found;
}

/** What the browser gave, as the server reads it. */
export function written(given) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (given.response[name]) response[name] = text(given.response[name]);
  }
  return { id: given.id, rawId: text(given.rawId), type: given.type, response };
}

export function octets(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
}

export function text(buffer) {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
