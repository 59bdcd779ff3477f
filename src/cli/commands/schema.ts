// `ci-fleet schema`: the JSON Schema of the spec, for editors. In: nothing. Out: the document.

import type { Command } from "../command.ts";
import { FINE } from "../exit-codes.ts";
import { writeSchemaText } from "../keep-schema.ts";

export const run: Command = async ({ terminal }) => {
  terminal.out(writeSchemaText());
  return FINE;
};
