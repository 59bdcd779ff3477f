// Values of Proxmox settings from their parts (PVE::JSONSchema, parse_property_string). In: parts as planned. Out:
// `0000:01:00,pcie=1`; text that the format cannot carry throws.

import type { PropertyPart } from "../model/hypervisor-plan.ts";
import { writePropertyString, writePropertyValue } from "./quote-proxmox.ts";

export function writeParts(parts: readonly PropertyPart[]): string {
  return parts
    .map(({ key, values }) => {
      const list = values.map(writePropertyValue).join(";");
      // The key is checked where it is written with an empty value, for a list is none.
      return key === null ? list : `${writePropertyString([[key, "x"]]).slice(0, -1)}${list}`;
    })
    .join(",");
}

/** In the largest unit that holds it whole, as Proxmox prints sizes: `120G`; what is no whole KiB is rounded up. */
export function writeProxmoxSize(bytes: number): string {
  const kib = Math.ceil(bytes / 1024);
  const unit = (["T", "G", "M"] as const).find((one) => kib % UNITS[one] === 0);
  return unit === undefined ? `${kib}K` : `${kib / UNITS[unit]}${unit}`;
}

/** In KiB. */
const UNITS = { T: 1024 ** 3, G: 1024 ** 2, M: 1024 } as const;
