// Unit files as a booted systemd 257 reads them: what reaches a process, and what systemd says it holds.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { escapeUnitText } from "../../src/base/unit-name.ts";
import { quoteSharedEnvLine, quoteSystemdEnvLine } from "../../src/render/quote-env-file.ts";
import {
  quoteSysusersField,
  quoteTmpfilesField,
  quoteUnitEnv,
  quoteUnitListPath,
  writeUnitCommand,
  writeUnitPath,
  writeUnitValue,
} from "../../src/render/quote-systemd.ts";
import { corpusNote, lineText, sampleTexts, systemdText } from "../render/hostile-text.ts";
import { type BootedSystemd, bootSystemd } from "./booted-systemd.ts";
import { hasTrixie, runInTrixie } from "./tool.ts";

const units = "etc/systemd/system";
const texts = sampleTexts(600, systemdText);
const lines = sampleTexts(600, lineText).filter((text) => !/^\s|\s$|\\$|^$|[\0-\x1f\x7f]/.test(text));
/** Names of one path component that no one rewrites. */
const components = lines.filter((text) => !/[/:]|^\.\.?$/.test(text) && Buffer.byteLength(text) < 200);
const splitNul = (output: string) => output.split("\0").slice(0, -1);

test("systemd reads back what is written into units", async (t) => {
  const machine = bootSystemd(t);
  if (machine === null) return;
  t.diagnostic(`${corpusNote}, ${texts.length} in all`);
  await t.test("Environment= and EnvironmentFile= reach the process", () => readEnvironment(machine));
  await t.test("ExecStart= arguments reach the process", () => readArguments(machine));
  await t.test("ExecStart= with a specifier of ours between arguments of theirs", () =>
    readInstance(machine),
  );
  await t.test("Description= and WorkingDirectory= hold the text", () => readProperties(machine));
  await t.test("ReadWritePaths= holds each path", () => readPaths(machine));
  await t.test("tmpfiles.d makes a folder of every name", () => makeFolders(machine));
  await t.test("a noncharacter makes systemd refuse the unit, and us the text", () =>
    refuseNoncharacters(machine),
  );
});

function readEnvironment(machine: BootedSystemd): void {
  const unit = [
    "[Service]",
    "Type=oneshot",
    ...texts.map((text, at) => `Environment=${quoteUnitEnv(`UNIT${at}`, text)}`),
    "EnvironmentFile=/variables",
    "ExecStart=/usr/bin/cp /proc/self/environ /environ",
    "",
  ];
  const shared = texts.filter((text) => !/[`\n\r]/.test(text));
  const variables = [
    ...texts.map((text, at) => `${quoteSystemdEnvLine(`FILE${at}`, text)}\n`),
    ...shared.map((text, at) => `${quoteSharedEnvLine(`SHARED${at}`, text)}\n`),
  ].join("");
  machine.write({ [`${units}/t-env.service`]: unit.join("\n"), variables });
  start(machine, "t-env.service");
  const environment = new Map(
    splitNul(machine.run("cat", "/environ").stdout).map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
  for (const [lead, wanted] of [
    ["UNIT", texts],
    ["FILE", texts],
    ["SHARED", shared],
  ] as const) {
    assert.deepEqual(
      wanted.map((_, at) => environment.get(`${lead}${at}`)),
      wanted,
      lead,
    );
  }
}

function readArguments(machine: BootedSystemd): void {
  const command = writeUnitCommand(["/usr/bin/printf", "%s\\0", ...texts]);
  const unit = `[Service]\nType=oneshot\nStandardOutput=truncate:/arguments\nExecStart=${command}\n`;
  machine.write({ [`${units}/t-arguments.service`]: unit });
  start(machine, "t-arguments.service");
  assert.deepEqual(splitNul(machine.run("cat", "/arguments").stdout), texts);
}

function readInstance(machine: BootedSystemd): void {
  const instance = "acme/gpu-1 $HOME %i";
  const command = `${writeUnitCommand(["/usr/bin/printf", "%s\\0", "$$ %n"])} "%I" %p`;
  const unit = `[Service]\nType=oneshot\nStandardOutput=truncate:/instance\nExecStart=:${command.replaceAll("$$", "$")}\n`;
  machine.write({ [`${units}/t-instance@.service`]: unit });
  start(machine, `t-instance@${escapeUnitText(instance)}.service`);
  assert.deepEqual(splitNul(machine.run("cat", "/instance").stdout), ["$$ %n", instance, "t-instance"]);
}

function readProperties(machine: BootedSystemd): void {
  // One unit for each: a few hundred, for loading them takes time.
  const some = lines.slice(-400);
  const paths = some.map((_, at) => `/${components.at(-1 - (at % components.length))}`);
  const files = some.map((text, at) => [
    `${units}/t-property-${at}.service`,
    `[Unit]\nDescription=${writeUnitValue(text)}\n[Service]\nWorkingDirectory=${writeUnitPath(paths[at] as string)}\nExecStart=/bin/true\n`,
  ]);
  machine.write(Object.fromEntries(files));
  machine.run("systemctl", "daemon-reload");
  const names = some.map((_, at) => `t-property-${at}.service`);
  for (const [property, wanted] of [
    ["Description", some],
    ["WorkingDirectory", paths],
  ] as const) {
    const answer = machine.run("systemctl", "show", "--value", `--property=${property}`, ...names);
    assert.deepEqual(answer.stdout.replace(/\n$/, "").split("\n\n"), wanted, property);
  }
}

function readPaths(machine: BootedSystemd): void {
  const items = components.map((text, at) => quoteUnitListPath(`/${text}`, { ifPresent: at % 2 === 0 }));
  const half = items.length / 2;
  const unit = [
    "[Service]",
    `ReadWritePaths=${items.slice(0, half).join(" ")}`,
    `ReadWritePaths=${items.slice(half).join(" ")}`,
    "ExecStart=/bin/true",
    "",
  ];
  machine.write({ [`${units}/t-paths.service`]: unit.join("\n") });
  machine.run("systemctl", "daemon-reload");
  const object = "/org/freedesktop/systemd1/unit/t_2dpaths_2eservice";
  machine.run("systemctl", "show", "t-paths.service");
  const name = "org.freedesktop.systemd1";
  const answer = machine.run(
    "busctl",
    "--json=short",
    "get-property",
    name,
    object,
    `${name}.Service`,
    "ReadWritePaths",
  );
  const wanted = components.map((text, at) => `${at % 2 === 0 ? "-" : ""}/${text}`);
  assert.deepEqual(JSON.parse(answer.stdout).data, wanted);
}

function makeFolders(machine: BootedSystemd): void {
  const kept = [...new Set(texts)].filter(
    (text) => !/\/|^\.\.?$|^$|^-$/.test(text) && Buffer.byteLength(text) < 200,
  );
  const rules = kept.map((text) => `d ${quoteTmpfilesField(`/made/${text}`)} 0755 - - -\n`).join("");
  machine.write({ "t.conf": rules });
  assert.equal(machine.run("systemd-tmpfiles", "--create", "/t.conf").stderr, "");
  const found = machine.run("find", "/made", "-mindepth", "1", "-printf", "%P\\0").stdout;
  assert.deepEqual(splitNul(found).sort(), kept.sort());
}

function refuseNoncharacters(machine: BootedSystemd): void {
  const unit = '[Service]\nType=oneshot\nEnvironment="A=\ufffe"\nExecStart=/bin/true\n';
  machine.write({ [`${units}/t-refused.service`]: unit });
  assert.throws(() => start(machine, "t-refused.service"), /failed to load properly/);
  assert.throws(() => quoteUnitEnv("A", "\ufffe"), /U\+FFFE/);
}

function start(machine: BootedSystemd, unit: string): void {
  machine.run("systemctl", "daemon-reload");
  machine.run("systemctl", "start", unit);
}

/** Runs a command over one file in the Debian 13 root; what it prints about a line is a failure. */
function ask(t: TestContext, file: string, content: string, script: string): string {
  t.diagnostic(corpusNote);
  const answer = runInTrixie(
    { [file]: content, "etc/passwd": "", "etc/group": "", "etc/shadow": "" },
    (folder) => ["sh", "-euc", script, "sh", folder],
  );
  assert.deepEqual({ code: answer.code, stderr: answer.stderr }, { code: 0, stderr: "" });
  return answer.stdout;
}

test("systemd-sysusers writes every name of a person", (t) => {
  if (!hasTrixie(t)) return;
  const kept = lines.filter((text) => !/[:\x80-\x9f]|^-$/.test(text));
  const content = kept.map((text, at) => `u t${at} - ${quoteSysusersField(text)}\n`).join("");
  const script = `systemd-sysusers --root="$1" "$1/t.conf" 2>"$1/log" || cat "$1/log" >&2; cat "$1/etc/passwd"`;
  const passwd = new Map(
    ask(t, "t.conf", content, script)
      .split("\n")
      .map((line) => [line.split(":")[0], line.split(":")[4]]),
  );
  assert.deepEqual(
    kept.map((_, at) => passwd.get(`t${at}`)),
    kept,
  );
});
