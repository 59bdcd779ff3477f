// Reads api.json, the requests that make a guest, as a wish: who it is, what it should be. In: the text of the file.
// Out: the wish, or null where it is no api.json of this version.

import { asObject, isObject, parseObject } from "../base/read-json.ts";
import type { GuestWish } from "../model/guest-wish.ts";

export function readGuestWish(text: string): GuestWish | null {
  const file = parseObject(text);
  const guest = asObject(file?.guest);
  const requests = file?.requests;
  if (guest === null || !Array.isArray(requests)) return null;
  const { vmId, mark, description, absent } = guest;
  if (typeof vmId !== "number" || !Number.isSafeInteger(vmId)) return null;
  if (typeof mark !== "string" || mark === "" || typeof description !== "string") return null;
  if (description.split("\n")[0] !== mark || !isTexts(absent)) return null;
  const find = (pattern: RegExp) => {
    const found = requests.map(asObject).find((each) => pattern.test(`${each?.method} ${each?.path}`));
    return { path: String(found?.path ?? ""), parameters: found && asObject(found.parameters) };
  };
  const config = readSettings(find(CALLS.config).parameters);
  const resize = find(CALLS.resize).parameters;
  const clone = readClone(find(CALLS.clone), vmId);
  if (config === null || clone === undefined) return null;
  if (typeof resize?.disk !== "string" || typeof resize.size !== "string") return null;
  const entries = Object.entries(config);
  return {
    vmId,
    mark,
    description,
    clone,
    settings: Object.fromEntries(entries.filter(([key]) => !isDrive(key))),
    drives: Object.fromEntries(entries.filter(([key]) => isDrive(key))),
    absent,
    disk: { name: resize.disk, size: resize.size },
    start: find(CALLS.start).parameters !== null && find(CALLS.start).path !== "",
  };
}

const CALLS = {
  clone: /^POST \/nodes\/[^/]+\/qemu\/\d+\/clone$/,
  config: /^PUT \/nodes\/[^/]+\/qemu\/\d+\/config$/,
  resize: /^PUT \/nodes\/[^/]+\/qemu\/\d+\/resize$/,
  start: /^POST \/nodes\/[^/]+\/qemu\/\d+\/status\/start$/,
} as const;

/** qm.conf(5). */
function isDrive(key: string): boolean {
  return /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/.test(key);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function readSettings(value: unknown): Readonly<Record<string, string>> | null {
  if (!isObject(value)) return null;
  const entries = Object.entries(value);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string")
    ? Object.fromEntries(entries)
    : null;
}

/** null: the guest is not cloned; undefined: it is, and from what cannot be read. */
function readClone(
  { path, parameters }: { readonly path: string; readonly parameters: unknown },
  vmId: number,
): GuestWish["clone"] | undefined {
  if (path === "") return null;
  const fields = asObject(parameters);
  const template = Number(/\/qemu\/(\d+)\//.exec(path)?.[1]);
  if (fields === null || fields.newid !== vmId) return undefined;
  const { name, description, full, storage, pool } = fields;
  if (typeof name !== "string" || typeof description !== "string") return undefined;
  return {
    template,
    wish: {
      newId: vmId,
      name,
      description,
      full: full === 1,
      storage: typeof storage === "string" ? storage : null,
      pool: typeof pool === "string" ? pool : null,
    },
  };
}
