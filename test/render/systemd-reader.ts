// A reader of systemd's unit and environment files, written from the manual pages, so that quoting can be
// tested without systemd. test/tools asks the real one. In: the text of a value. Out: what systemd would use.

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};

/** systemd.syntax(7), "Quoting": items parted by white space, quotes around items, C escapes. */
export function readUnitWords(line: string, escapes: "c" | "literal" = "c"): readonly string[] {
  if (/[\n\r\0]/.test(line)) throw new Error("a line break ended the value");
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const c = line[at] as string;
    if (c === "\\") {
      if (at + 1 >= line.length) throw new Error("a trailing backslash joins the next line");
      const [text, length] = escapes === "c" ? readEscape(line.slice(at + 1)) : [line[at + 1] as string, 1];
      word = (word ?? "") + text;
      at += length;
    } else if (quote !== null) {
      if (c === quote) quote = null;
      else word = (word ?? "") + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= "";
    } else if (c === " " || c === "\t") {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + c;
  }
  if (quote !== null) throw new Error("unbalanced quotes");
  if (word !== null) words.push(word);
  return words;
}

/** systemd.unit(5), "Specifiers": `%%` is a percent sign, anything else would be replaced. */
export function expandSpecifiers(text: string): string {
  return text.replace(/%(.?)/gsu, (all, next) => {
    if (next === "%") return "%";
    throw new Error(`${all} is a specifier`);
  });
}

/** systemd.service(5), "COMMAND LINES": `$$` is a dollar sign, `$NAME` and `${NAME}` are replaced. */
export function expandDollars(word: string): string {
  return word.replace(/\$\$|\$(\{?)([A-Za-z_])/g, (all) => {
    if (all === "$$") return "$";
    throw new Error(`${all} is a variable`);
  });
}

/** systemd.exec(5), "EnvironmentFile=": one double-quoted value. */
export function readEnvFileValue(text: string): string {
  if (!text.startsWith('"')) throw new Error("not quoted");
  let value = "";
  for (let at = 1; at < text.length; at++) {
    const c = text[at] as string;
    if (c === '"') {
      if (at !== text.length - 1) throw new Error("text after the closing quote");
      return value;
    }
    if (c !== "\\") value += c;
    else {
      const next = text[++at] ?? "";
      value += '"\\`$'.includes(next) ? next : next === "\n" ? "" : `\\${next}`;
    }
  }
  throw new Error("no closing quote");
}

/** systemd-escape --unescape. */
export function unescapeUnitText(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string;
    if (c === "-") bytes.push(0x2f);
    else if (c === "\\") {
      bytes.push(Number.parseInt(text.slice(at + 2, at + 4), 16));
      at += 3;
    } else bytes.push(c.charCodeAt(0));
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
}

function readEscape(rest: string): readonly [text: string, length: number] {
  const first = rest[0] as string;
  if (first === "x") return [String.fromCharCode(Number.parseInt(rest.slice(1, 3), 16)), 3];
  const simple = SIMPLE[first];
  if (simple === undefined) throw new Error(`\\${first} is no escape`);
  return [simple, 1];
}
