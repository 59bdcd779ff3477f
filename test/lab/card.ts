// A host that has an NVIDIA card as far as anyone can tell who has none: what a person would find written in the
// inventory, and a program that answers in place of nvidia-smi. In: nothing. Out: texts.

export const CARD = "GPU-8f2a1c3d-0b4e-4a6f-9c1d-2e3f4a5b6c7d";

const DRIVER = "550.163.01";

const GPUS = `gpus:
  - address: "0000:01:00.0"
    vendor: nvidia
    name: "NVIDIA GeForce RTX 4090"
    id: "10de:2684"
    class: "030000"
    driver: nvidia
    uuid: ${CARD}
    index: 0
    memoryMiB: 24564
    integrated: false
    mig: []
    functions:
      - {address: "0000:01:00.0", id: "10de:2684", class: "030000", driver: nvidia}
`;

/** Into an inventory of a host without a card. */
export function addCard(inventory: string, toolkitInstalled: boolean): string {
  const driver = `nvidia:\n  driver: "${DRIVER}"\n  openModule: false\n  toolkitInstalled: ${toolkitInstalled}\n`;
  return inventory.replace("gpus: []\n", GPUS).replace("nvidia: none\n", driver);
}

/** What stands in for nvidia-smi while the card is well. */
export const CARD_ANSWERS = `#!/bin/sh\necho "${CARD}, 3 MiB"\n`;

/** What `nvidia-ctk cdi generate` writes, with a device and a library that every machine has. */
export const CARD_LIST = `cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
  - name: "0"
    containerEdits: {deviceNodes: [{path: /dev/nvidia0, hostPath: /dev/null}]}
  - name: ${CARD}
    containerEdits: {deviceNodes: [{path: /dev/nvidia0, hostPath: /dev/null}]}
containerEdits:
  env: [NVIDIA_VISIBLE_DEVICES=void]
  mounts:
    - hostPath: /etc/hostname
      containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.${DRIVER}
      options: [ro, nosuid, nodev, bind]
`;
