// One question before something that cannot be taken back. In: the question. Out: yes; Ctrl-C is no.

export async function askYesOrNo(message: string): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message, initialValue: false, output: process.stderr });
  return !isCancel(answer) && answer;
}
