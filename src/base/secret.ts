// A text that must not be seen: it prints as nothing wherever JavaScript prints by itself (string
// conversion, JSON, inspection, error messages), so that showing it takes a word that can be searched for.
// In: the text. Out: the wrapped text, and texts with secrets taken out.

const SHOWN = "[secret]";

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The only way to the text. */
  reveal(): string {
    return this.#text;
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  /** What `util.inspect` and `console.log` ask for (Node's documentation of util.inspect.custom). */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}

/** The same text without the secrets: a server may repeat in its answer what it was sent. */
export function hideSecrets(text: string, secrets: Iterable<Secret>): string {
  let hidden = text;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value !== "") hidden = hidden.replaceAll(value, SHOWN);
  }
  return hidden;
}
