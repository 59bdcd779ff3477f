// What a credential looks like: a token is one line of printable characters without spaces (its length says
// nothing: GitHub's have grown), a key is a private RSA key in PEM. In: a text as it was stored or typed.
// Out: the credential, or what it is instead.

import { createPrivateKey, type KeyObject } from "node:crypto";
import { Secret } from "../base/secret.ts";

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

const no = (why: string): { readonly ok: false; readonly why: string } => ({ ok: false, why });

export function parseToken(given: Secret): Parsed<Secret> {
  const text = given
    .reveal()
    .replace(/^\uFEFF/, "")
    .trim();
  if (text === "") return no("is empty");
  if (text.includes("-----BEGIN")) return no("holds a key in PEM where a token is wanted");
  if (/\s/.test(text)) return no("holds more than one word");
  if (!/^[\x21-\x7e]+$/.test(text)) return no("holds characters that no token has");
  if (text.startsWith("ghr_")) return no("holds a refresh token, which GitHub's API does not take");
  return { ok: true, value: new Secret(text) };
}

export function parsePrivateKey(given: Secret): Parsed<KeyObject> {
  const text = given
    .reveal()
    .replace(/^\uFEFF/, "")
    .trim();
  if (text === "") return no("is empty");
  if (/-----BEGIN CERTIFICATE-----/.test(text)) return no("holds a certificate, not a private key");
  if (/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(text)) return no("holds a public key, not the private one");
  if (/-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(text)) return no("holds a key with a passphrase");
  if (!text.includes("-----BEGIN")) return no("holds no key in PEM");
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType !== "rsa") return no("holds a key that is not RSA, as GitHub Apps use");
    return { ok: true, value: key };
  } catch {
    // OpenSSL's words could quote the text.
    return no("holds a key that cannot be read: it may be cut off");
  }
}

/** Where both would do, the form says which of the two was given. */
export function isKey(given: Secret): boolean {
  return given.reveal().includes("-----BEGIN");
}

/** `Iv23liEXAMPLE`, or the number of the App. */
export function parseAppId(text: string): Parsed<string> {
  const id = text.trim();
  return /^[A-Za-z0-9.]{1,64}$/.test(id) ? { ok: true, value: id } : no("names no GitHub App");
}
