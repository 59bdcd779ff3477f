// GPU keys that exclude each other whatever the machines have. In: the draft. Out: CF621.

import type { Rule } from "../draft.ts";
import { relate } from "../report.ts";

const gpuContradicts: Rule = (draft, say) => {
  for (const { gpu, at } of draft.fleet.pools) {
    if (gpu === null) continue;
    const path = [...at, "gpu"];
    const place = (key: string) => relate(`${key} is here`, [...path, key]);
    if (gpu.mig !== null && gpu.share > 1) {
      say("CF621", [...path, "share"], {
        message: "`mig` and `share` exclude each other: a MIG instance is a share, with its own memory",
        onKey: true,
        related: [place("mig")],
      });
    }
    if (gpu.perRunner > 1 && gpu.share > 1) {
      say("CF621", [...path, "share"], {
        message: `\`perRunner: ${gpu.perRunner}\` and \`share: ${gpu.share}\` exclude each other: a runner has several cards or a part of one`,
        onKey: true,
        related: [place("perRunner")],
      });
    }
    if (gpu.vendor === "nvidia") continue;
    for (const key of ["mig", "capabilities"] as const) {
      if (!draft.wrote([...path, key])) continue;
      say("CF621", [...path, key], {
        message: `\`${key}\` exists for NVIDIA alone, the vendor here is ${gpu.vendor}`,
        onKey: true,
        related: [place("vendor")],
      });
    }
  }
};

export const GPU_RULES: readonly Rule[] = [gpuContradicts];
