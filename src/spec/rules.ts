// Every fact about a whole fleet that needs no inventory, in the order of asking. In: nothing. Out: the list.

import type { Rule } from "./draft.ts";
import { GPU_RULES } from "./rules/gpu-rules.ts";
import { GUEST_RULES } from "./rules/guest-rules.ts";
import { HOST_RULES } from "./rules/host-rules.ts";
import { KEPT_FOLDER_RULES } from "./rules/kept-folder-rules.ts";
import { LABEL_RULES } from "./rules/label-rules.ts";
import { MOUNT_RULES } from "./rules/mount-rules.ts";
import { NAME_RULES } from "./rules/name-rules.ts";
import { PARENT_RULES } from "./rules/parent-rules.ts";
import { POOL_RULES } from "./rules/pool-rules.ts";
import { RUNNER_RULES } from "./rules/runner-rules.ts";
import { TARGET_RULES } from "./rules/target-rules.ts";
import { TRUST_RULES } from "./rules/trust-rules.ts";

export const FLEET_RULES: readonly Rule[] = [
  ...NAME_RULES,
  ...HOST_RULES,
  ...GUEST_RULES,
  ...PARENT_RULES,
  ...TARGET_RULES,
  ...RUNNER_RULES,
  ...POOL_RULES,
  ...GPU_RULES,
  ...LABEL_RULES,
  ...MOUNT_RULES,
  ...KEPT_FOLDER_RULES,
  ...TRUST_RULES,
];
