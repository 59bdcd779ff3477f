// The page docs/doctor.md, from the table of checks. In: the table. Out: Markdown.

import { CHECKS } from "./examine-host.ts";

const INTRO = `# What \`ci-fleet doctor\` looks at

<!-- Made from the table in src/doctor/: change it there. -->

\`ci-fleet doctor\` looks at the host that it runs on and changes nothing. For each check it says what it found; of
what is wrong also why that matters, and the command that mends it. Run it as root, or it says of some things only
that it could not look.

| it says | which means |
|---|---|
| \`ok\` | as it should be |
| \`note\` | no fault, but worth knowing |
| \`?\` | it could not be looked at, and why |
| \`warning\` | this will stop a slot sooner or later, or it weakens what keeps jobs apart |
| \`error\` | a slot does not work, or will not after its next start |

Exit codes: 0 without errors, 1 with one or more. \`--json\` prints a document \`ci-fleet/doctor/v1\` with the same
findings; \`--offline\` does not ask GitHub. A check that does not apply to a host says nothing.
`;

export function writeDoctorPage(): string {
  const groups = [...new Set(CHECKS.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const rows = CHECKS.filter((check) => check.group === group).map(
      ({ name, looksAt, why }) => `### \`${name}\`\n\nLooks at ${looksAt}.\n\n${why}\n`,
    );
    return `## ${group}\n\n${rows.join("\n")}`;
  });
  return `${INTRO}\n${sections.join("\n")}`;
}
