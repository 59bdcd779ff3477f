// The reference pages docs/spec.md and docs/codes.md, from the tables. In: the table of the spec, the rows
// of the codes. Out: Markdown.

import type { CodeEntry } from "../model/code.ts";
import { formatOf } from "./formats.ts";
import type { Key, RecordShape, Rule, Shape } from "./rule.ts";
import { SPEC } from "./table.ts";

const INTRO = `# The spec, version 1

<!-- Made from the table in src/spec/table.ts: change it there. -->

One file, \`fleet.yaml\`, describes the fleet. The smallest one has a name, an address, a host and a pool:

\`\`\`yaml
version: 1
fleet: home
github: https://github.com/acme
hosts: {forge: }
pools: {ci: }
\`\`\`

- Unknown keys are errors. Keys that begin with \`x-\` are yours; \`ci-fleet\` does not look at what they hold,
  except for secrets and invisible characters. Among hosts, pools, targets and variables every key is a name.
- Anchors (\`&a\`), aliases (\`*a\`) and merge keys (\`<<: *a\`) work; tags, directives and duplicate keys are errors.
- Sizes have a unit: \`KiB MiB GiB TiB\` (powers of 1024) or \`kB MB GB TB\` (powers of 1000). Durations too: \`s m h d\`,
  joined if needed: \`1h30m\`.
- A value under \`defaults\` is that of every pool which does not say otherwise. A pool's own value replaces it whole;
  only \`limits\` and \`env\` are merged key by key.
- Versions are written in quotes, or YAML reads \`2.340\` as the number 2.34.
- The file has at most 1 MiB.
`;

export function writeSpecPage(): string {
  const sections: string[] = [];
  writeRecord("fleet.yaml", SPEC.shape as RecordShape, null, sections, new Set());
  return `${INTRO}\n${sections.join("\n")}`;
}

function writeRecord(
  heading: string,
  shape: RecordShape,
  kind: string | null,
  sections: string[],
  seen: Set<string>,
): void {
  if (seen.has(heading)) return;
  seen.add(heading);
  const rows = Object.entries(shape.keys).map(([name, key]) => writeRow(name, key));
  const kindLine = kind === null ? "" : `Its \`kind\` is \`${kind}\`.\n\n`;
  sections.push(
    `## \`${heading}\`\n\n${shape.title}. ${kindLine === "" ? "" : kindLine.trim()}\n\n| key | value | default | |\n|---|---|---|---|\n${rows.join("\n")}\n`.replace(
      ". \n",
      ".\n",
    ),
  );
  for (const [name, key] of Object.entries(shape.keys)) {
    const place = heading === "fleet.yaml" ? name : `${heading}.${name}`;
    if (place === "defaults") continue;
    writeNested(place, key.rule, sections, seen);
  }
}

function writeNested(place: string, { shape }: Rule<unknown>, sections: string[], seen: Set<string>): void {
  switch (shape.kind) {
    case "record":
      writeRecord(place, shape, null, sections, seen);
      break;
    case "dict":
      writeNested(`${place}.${shape.noun.toUpperCase()}`, shape.of, sections, seen);
      break;
    case "list":
      writeNested(`${place}[]`, shape.of, sections, seen);
      break;
    case "either":
      writeNested(place, shape.map, sections, seen);
      break;
    case "kinds":
      for (const [kind, rule] of Object.entries(shape.cases)) {
        writeRecord(`${place} (${kind})`, rule.shape as RecordShape, kind, sections, seen);
      }
      break;
    default:
      break;
  }
}

function writeRow(name: string, key: Key<unknown>): string {
  const fallback =
    key.need === "required"
      ? "required"
      : key.fallback === null
        ? ""
        : Array.isArray(key.fallback)
          ? "`[]`"
          : `\`${key.fallback}\``;
  const cells = [
    `\`${name}\``,
    describeShape(key.rule.shape),
    fallback,
    `${key.doc}<br>\`${name}: ${key.example}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case "text":
      return formatOf(shape.format).expected;
    case "size":
    case "duration":
      return `${shape.kind}, ${shape.min} to ${shape.max}`;
    case "integer":
      return shape.min === shape.max ? `${shape.min}` : `whole number, ${shape.min} to ${shape.max}`;
    case "number":
      return `number, ${shape.min} to ${shape.max}`;
    case "flag":
      return "true or false";
    case "choice":
      return shape.options.map((option) => `\`${option}\``).join(", ");
    case "list":
      return `list, each: ${describeShape(shape.of.shape)}`;
    case "dict":
      return `mapping of ${shape.noun} names, each: ${describeShape(shape.of.shape)}`;
    case "either":
      return `${describeShape(shape.scalar.shape)}; or ${describeShape(shape.map.shape)}`;
    case "kinds":
      return `mapping, by its \`kind\`: ${Object.keys(shape.cases)
        .map((kind) => `\`${kind}\`${kind === shape.fallback ? " (default)" : ""}`)
        .join(", ")}`;
    case "record":
      return "mapping, see below";
  }
}

export function writeCodesPage(codes: readonly CodeEntry[]): string {
  const rows = codes.map(
    ({ code, name, severity, summary }) =>
      `| [${code}](#${code.toLowerCase()}-${name}) | ${severity} | ${summary} |`,
  );
  const sections = codes.map(
    ({ code, name, severity, summary, why, fix }) =>
      `## ${code} ${name}\n\n${summary} (${severity}).\n\n**Why**: ${why}\n\n**Fix**: ${fix}\n`,
  );
  return `# Diagnostic codes

<!-- Made from the tables in src/model/codes-*.ts: change them there. -->

Codes are stable: none is ever renumbered or used for something else. Errors stop \`render\`; warnings and
notes do not, unless \`--strict\` is given.

| code | severity | |
|---|---|---|
${rows.join("\n")}

${sections.join("\n")}`;
}
