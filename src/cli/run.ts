// Reads the command line and hands over to one file per command.
// In: the arguments without program names. Out: the exit code.

export async function run(args: readonly string[]): Promise<number> {
  const { cac } = await import("cac");
  const cli = cac("ci-fleet");
  cli.help();
  const { versionLine } = await import("./version.ts");
  cli.version(versionLine());
  cli.parse(["node", "ci-fleet", ...args], { run: true });
  return 0;
}
