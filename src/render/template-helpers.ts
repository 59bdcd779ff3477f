// The words with which a template says how a value is quoted; build.mjs knows no others and refuses a
// value without one. In: the value that a template names. Out: its text in that context, or an error.
//
// Each word has one context. `key=` gives the name of a variable: `Environment={{unitEnv value key=name}}`.

import { quoteShellWord } from "../base/quote-shell.ts";
import { escapeUnitPath, escapeUnitText, requireUnitName } from "../base/unit-name.ts";
import { requireMatch } from "../base/unwritable-text.ts";
import { type JsonValue, writeCompactJson } from "../base/write-json.ts";
import { quoteDockerEnv, quoteDockerLabel, writeDockerExec, writeImageName } from "./quote-dockerfile.ts";
import { quoteMarkdown, quoteMarkdownCode, writeComment } from "./quote-document.ts";
import {
  quoteComposeEnvLine,
  quoteSharedEnvLine,
  quoteSystemdEnvLine,
  writeRawEnvLine,
} from "./quote-env-file.ts";
import {
  escapeCronCommand,
  writeKernelToken,
  writeModuleName,
  writeModuleOption,
  writePlainValue,
} from "./quote-kernel.ts";
import { writePropertyValue, writeProxmoxDescription, writeProxmoxValue } from "./quote-proxmox.ts";
import {
  quoteSysusersField,
  quoteTmpfilesField,
  quoteUnitArgument,
  quoteUnitEnv,
  quoteUnitListPath,
  writeUnitExecutable,
  writeUnitPath,
  writeUnitValue,
  writeUnitWord,
} from "./quote-systemd.ts";
import { quoteComposeYaml, quoteYaml, quoteYamlKey } from "./quote-yaml.ts";

/** Takes a value that is never undefined; throws when the context cannot carry it. */
export type QuoteFunction = (value: unknown, options: Readonly<Record<string, unknown>>) => string;

/** A name that is literal in every format here: shell, unit, YAML, path. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;

const table = {
  // Many formats
  name: onText((text) => requireMatch("a name", text, NAME)),
  int: writeInteger,
  comment: onText(writeComment),
  json: (value) => writeCompactJson(value as JsonValue),
  markdown: onText(quoteMarkdown),
  markdownCode: onText(quoteMarkdownCode),
  plain: onText(writePlainValue),
  // YAML
  yaml: onText(quoteYaml),
  yamlKey: onText(quoteYamlKey),
  composeYaml: onText(quoteComposeYaml),
  // Shell and cron
  sh: onText(quoteShellWord),
  cron: onText(escapeCronCommand),
  // systemd
  unit: onText(writeUnitValue),
  unitPath: onText(writeUnitPath),
  unitWord: onText(writeUnitWord),
  unitName: onText(requireUnitName),
  unitInstance: onText(escapeUnitText),
  unitPathInstance: onText(escapeUnitPath),
  unitProgram: onText(writeUnitExecutable),
  unitArg: onText(quoteUnitArgument),
  unitEnv: onVariable(quoteUnitEnv),
  unitListPath: onText((path) => quoteUnitListPath(path)),
  unitListPathIfPresent: onText((path) => quoteUnitListPath(path, { ifPresent: true })),
  tmpfiles: onText(quoteTmpfilesField),
  sysusers: onText(quoteSysusersField),
  // Files of variables: each writes the whole line KEY=value
  env: onVariable(quoteSharedEnvLine),
  systemdEnv: onVariable(quoteSystemdEnvLine),
  composeEnv: onVariable(quoteComposeEnvLine),
  rawEnv: onVariable(writeRawEnvLine),
  // Dockerfile
  dockerImage: onText(writeImageName),
  dockerEnv: onVariable(quoteDockerEnv),
  dockerLabel: onVariable(quoteDockerLabel),
  dockerExec: onTexts(writeDockerExec),
  // Kernel and Proxmox
  module: onText(writeModuleName),
  moduleOption: onVariable(writeModuleOption),
  kernelToken: onText(writeKernelToken),
  pve: onText(writeProxmoxValue),
  pveProperty: onText(writePropertyValue),
  pveDescription: onText(writeProxmoxDescription),
} as const satisfies Readonly<Record<string, QuoteFunction>>;

export type TemplateHelperName = keyof typeof table;

export const templateHelpers: Readonly<Record<TemplateHelperName, QuoteFunction>> = table;

export const templateHelperNames = Object.keys(table) as readonly TemplateHelperName[];

/** One string and nothing else: `undefined`, numbers and lists would print as words of their own. */
function onText(quote: (text: string) => string): QuoteFunction {
  return (value, options) => {
    requireOptions(options, []);
    return quote(requireString(value));
  };
}

function onTexts(quote: (texts: readonly string[]) => string): QuoteFunction {
  return (value, options) => {
    requireOptions(options, []);
    if (!Array.isArray(value)) throw new TypeError(`wants a list of texts and got ${typeof value}`);
    return quote(value.map(requireString));
  };
}

/** A value with the name of its variable in `key=`. */
function onVariable(quote: (key: string, value: string) => string): QuoteFunction {
  return (value, options) => {
    requireOptions(options, ["key"]);
    return quote(requireString(options.key), requireString(value));
  };
}

/** Numbers have one spelling only while they are whole and exact. */
function writeInteger(value: unknown, options: Readonly<Record<string, unknown>>): string {
  requireOptions(options, []);
  if (!Number.isSafeInteger(value)) throw new TypeError(`wants a whole number and got ${typeof value}`);
  return String(value);
}

function requireString(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`wants a text and got ${typeof value}`);
  return value;
}

function requireOptions(options: Readonly<Record<string, unknown>>, wanted: readonly string[]): void {
  const given = Object.keys(options);
  if (given.length === wanted.length && wanted.every((name) => given.includes(name))) return;
  throw new TypeError(`wants the options [${wanted.join()}] and got [${given.join()}]`);
}
