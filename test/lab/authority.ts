// The lab's own certificate authorities. In: openssl, a folder that outlives the run, so that images which trust
// the authority need not be built anew. Out: the authority's certificate, and certificates for names.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { succeed } from "./command.ts";

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  readonly sign: (names: readonly string[]) => Promise<{ readonly cert: string; readonly key: string }>;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export async function keepAuthority(folder: string, name: string): Promise<Authority> {
  if (!existsSync(folder)) {
    const part = `${folder}.${process.pid}`;
    mkdirSync(part, { recursive: true, mode: 0o700 });
    await succeed("openssl", [
      ...["req", "-x509", ...KEY, "-days", "3650", "-subj", `/CN=${name}`],
      ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
      ...["-keyout", join(part, "key.pem"), "-out", join(part, "cert.pem")],
    ]);
    if (existsSync(folder)) rmSync(part, { recursive: true });
    else renameSync(part, folder);
  }
  return {
    certificate: readFileSync(join(folder, "cert.pem"), "utf8"),
    sign: (names) => sign(folder, names),
  };
}

async function sign(folder: string, names: readonly string[]) {
  const work = mkdtempSync(join(tmpdir(), "ci-fleet-lab-cert-"));
  try {
    const extensions = join(work, "extensions");
    writeFileSync(
      extensions,
      `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}\nextendedKeyUsage=serverAuth\n`,
    );
    const [key, request, cert] = ["key.pem", "request.pem", "cert.pem"].map((name) => join(work, name)) as [
      string,
      string,
      string,
    ];
    await succeed("openssl", ["req", ...KEY, "-subj", "/CN=lab", "-keyout", key, "-out", request]);
    await succeed("openssl", [
      ...["x509", "-req", "-in", request, "-days", "30", "-extfile", extensions, "-out", cert],
      ...["-CA", join(folder, "cert.pem"), "-CAkey", join(folder, "key.pem"), "-CAcreateserial"],
    ]);
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(work, { recursive: true });
  }
}
