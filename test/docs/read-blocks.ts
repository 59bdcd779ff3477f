// The code blocks of a Markdown page. In: text. Out: blocks with language, line, and the comment that stands before.

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** `in fixtures/cli/two-hosts` from `<!-- in fixtures/cli/two-hosts -->` above the block, else null. */
  readonly comment: string | null;
}

export function readBlocks(page: string): readonly Block[] {
  const pattern = /(?:^<!-- (.+?) -->\n+)?^```([a-z]*)\n([\s\S]*?)^```$/gm;
  return [...page.matchAll(pattern)].map((match) => {
    const [whole, comment = null, language = "", text = ""] = match;
    const fence = match.index + whole.indexOf("```");
    return { language, text, comment, line: page.slice(0, fence).split("\n").length };
  });
}
