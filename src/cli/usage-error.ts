// The command line itself is wrong. In: what is wrong, and the command it was meant for. Out: an error that
// run.ts prints in two lines and turns into exit code 2.

export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly help: string | null;

  constructor(message: string, help: string | null = null) {
    super(message);
    this.help = help;
  }
}
