// A certificate that signs itself, for a fake GitHub behind an authority of its own. Written by hand, so that
// no test needs openssl. In: names. Out: key and certificate in PEM. Form: RFC 5280.

import { generateKeyPairSync, sign } from "node:crypto";
import { isIPv4 } from "node:net";

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length;
  const bytes = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), body]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const bits = (body: Buffer): Buffer => der(0x03, Buffer.from([0]), body);
const time = (text: string): Buffer => der(0x18, Buffer.from(text));

const RSA_SHA256 = sequence(identifier("2a864886f70d01010b"), der(0x05));
const COMMON_NAME = identifier("550403");
const ALTERNATIVE_NAMES = identifier("551d11");
const BASIC_CONSTRAINTS = identifier("551d13");

export function makeCertificate(names: readonly string[]): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from("ci-fleet test")))));
  const alternatives = names.map((each) =>
    isIPv4(each) ? der(0x87, Buffer.from(each.split(".").map(Number))) : der(0x82, Buffer.from(each)),
  );
  const extensions = sequence(
    sequence(
      BASIC_CONSTRAINTS,
      der(0x01, Buffer.from([0xff])),
      der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
    ),
    sequence(ALTERNATIVE_NAMES, der(0x04, sequence(...alternatives))),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    RSA_SHA256,
    name,
    sequence(time("20200101000000Z"), time("21000101000000Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const certificate = sequence(body, RSA_SHA256, bits(sign("RSA-SHA256", body, privateKey)));
  const lines = certificate.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
