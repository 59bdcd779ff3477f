// Units of a machine's guests on a booted systemd 257, with stand-ins for QEMU and its tools: who runs what, what each
// start begins with, how a stop reaches the guest, what is refused before QEMU runs, and what the built program tells.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SERVE_WORD } from "../../src/model/one-job.ts";
import { listQemuOptions, QEMU } from "../../src/render/kvm-command.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { FLEETS, loadFleet } from "../plan/load-fleet.ts";
import { type BootedSystemd, bootSystemd } from "./booted-systemd.ts";

const UNIT = "home-vm@job-1.service";
const STATE = "/var/lib/ci-fleet/home/vm/job-1";
const IMAGE = "debian-13-genericcloud-amd64.qcow2";

/** Ends by itself when /run/end has the number of its run, or when it is told to. */
const qemu = `#!/bin/bash
cd "$STATE_DIRECTORY" || exit 1
exec 3<>"$RUNTIME_DIRECTORY/monitor.in"
echo "run root=$([[ $(id -u) == 0 ]] && echo yes || echo no) \${!#} disk=$(tr '\\n' ' ' <disk.qcow2)" >>told
echo used >>disk.qcow2
run=$(grep -c ^run told)
while :; do
  if read -r -t 0.2 -u 3 word; then
    echo "told $word" >>told
    exit 0
  fi
  [[ $(cat /run/end 2>/dev/null) != "$run" ]] || exit 0
done
`;
const qemuImg = `#!/bin/bash
case $1 in
  create) printf 'on %s\\n' "$(basename "$8")" >"\${@: -2:1}" ;;
  info) echo '"virtual-size": 68719476736,' ;;
esac
`;
const maker = `#!/bin/bash
while [[ $1 != -o ]]; do shift; done
ls "$3" >"$2"
`;
const curl = `#!/bin/bash
while (($# > 2)) && [[ $1 != --output ]]; do shift; done
if [[ $1 == --output ]]; then
  printf image >"$2"
else
  read -r sum _ < <(printf "$(cat /run/image 2>/dev/null || echo image)" | sha512sum)
  echo "$sum  ${IMAGE}"
fi
`;

function install(machine: BootedSystemd): void {
  const { plan, copies } = loadFleet(`${FLEETS}/a-workstation-that-runs-guests`);
  assert.ok(plan !== null);
  const programs = {
    "usr/bin/qemu-system-x86_64": qemu,
    "usr/bin/qemu-img": qemuImg,
    "usr/bin/genisoimage": maker,
    "usr/local/bin/curl": curl,
    "usr/bin/ci-fleet": "#!/bin/sh\n",
  };
  const files: Record<string, string> = {
    ...programs,
    "usr/share/OVMF/OVMF_CODE_4M.fd": "code",
    "usr/share/OVMF/OVMF_VARS_4M.fd": "variables",
  };
  for (const { path, content } of renderPlan(plan, new Set(["forge"]), copies)) {
    const [, unit, below] = /^hosts\/forge\/(?:systemd\/([^/]+)|(vm\/.*))$/.exec(path) ?? [];
    if (unit !== undefined && /-vm@|-watchdog\.service$/.test(unit))
      files[`etc/systemd/system/${unit}`] = content;
    if (below !== undefined) files[`etc/ci-fleet/home/${below}`] = content;
  }
  machine.write(files);
  const paths = Object.keys(programs).map((path) => `/${path}`);
  machine.run("sh", "-c", `chmod 755 "$@" /etc/ci-fleet/home/vm/*/guest.sh`, "sh", ...paths);
  machine.run("systemctl", "daemon-reload");
}

/** Waits until the shell says yes. */
function wait(machine: BootedSystemd, condition: string): void {
  machine.run("timeout", "60", "bash", "-c", `until ${condition}; do sleep 0.1; done`);
}

test("an ephemeral guest is set up once, and from then on begins each run clean and with the word for it", (t) => {
  const machine = bootSystemd(t);
  if (machine === null) return;
  install(machine);
  const tell = () => machine.run("cat", `${STATE}/told`).stdout.trim().split(/ ?\n/);
  const run = (word: string, disk: string) => `run root=no type=1,family=${word} disk=${disk}`;

  machine.run("systemctl", "start", UNIT);
  wait(machine, `grep -qs ^run ${STATE}/told`);
  machine.run("systemctl", "stop", UNIT);
  assert.deepEqual(tell(), [run("", `on ${IMAGE}`), "told system_powerdown"]);

  machine.run("systemctl", "start", UNIT);
  wait(machine, `[ "$(grep -c ^run ${STATE}/told)" = 2 ]`);
  machine.run("sh", "-c", "echo 2 >/run/end");
  wait(machine, `[ "$(grep -c ^run ${STATE}/told)" = 3 ]`);
  machine.run("sh", "-c", "echo 3 >/run/end");
  wait(machine, `[ "$(grep -c ^run ${STATE}/told)" = 4 ]`);
  assert.deepEqual(tell().slice(2), [
    run("", `on ${IMAGE} used`),
    run(SERVE_WORD, "on base.qcow2"),
    run(SERVE_WORD, "on base.qcow2"),
  ]);
  const word = machine.run("stat", "--format=%U", "/run/ci-fleet/home/vm/job-1.word").stdout.trim();
  assert.equal(word, "root", "systemd reads it for root's commands too");

  machine.run("systemctl", "stop", UNIT);
  const result = machine.run("systemctl", "show", "--value", "--property=Result", UNIT).stdout.trim();
  assert.equal(result, "success");
  machine.run("systemctl", "clean", "--what=state", UNIT);
  machine.run("sh", "-c", `! ls /var/lib/private/ci-fleet/home/vm/job-1 ${STATE}`);
});

const BINARY = join(import.meta.dirname, "../../dist/ci-fleet");

test("the built program tells the state of each guest, and sees the command that runs", (t) => {
  if (!existsSync(BINARY)) {
    if (process.env.CI === "true") throw new Error("no dist/ci-fleet");
    return t.skip("no dist/ci-fleet (npm run build)");
  }
  const machine = bootSystemd(t);
  if (machine === null) return;
  install(machine);
  const fleet = `${FLEETS}/a-workstation-that-runs-guests`;
  const spec = ["fleet.yaml", "hosts/forge.yaml", "hosts/shelf.yaml"];
  machine.write(
    Object.fromEntries(spec.map((path) => [`root/fleet/${path}`, readFileSync(join(fleet, path), "utf8")])),
  );
  machine.copy(BINARY, "/usr/bin/ci-fleet");
  // What waits to be started again is looked at for longer than the five seconds that it has.
  machine.write({ [`etc/systemd/system/${UNIT}.d/slow.conf`]: "[Service]\nRestartSec=1h\n" });
  machine.run("systemctl", "daemon-reload");
  const see = () => {
    const line = "ci-fleet status --local --json --host forge -C /root/fleet || (($? == 1))";
    const { machine: seen } = JSON.parse(machine.run("bash", "-c", line).stdout) as {
      machine: { waitsForReboot: boolean; guests: readonly Record<string, unknown>[] };
    };
    const words = seen.guests.map(({ name, state, disk, seed, setUp, current }) =>
      [name, state, disk, seed, setUp, current].join(" "),
    );
    return [seen.waitsForReboot, ...words];
  };

  machine.run("systemctl", "start", UNIT);
  wait(machine, `grep -qs ^run ${STATE}/told`);
  assert.deepEqual(see(), [
    false,
    "gpu-vm stopped false false  ",
    // The stand-in is a script: its interpreter comes first on its command line.
    "job-1 running true true false false",
    "job-2 stopped false false false ",
  ]);
  const { plan } = loadFleet(fleet);
  const guest = plan?.hosts.flatMap(({ kvm }) => kvm?.guests ?? []).find(({ unit }) => unit === UNIT);
  assert.ok(guest !== undefined);
  const running = machine.run(
    "bash",
    "-c",
    `tr '\\0' '\\n' </proc/$(systemctl show -P MainPID ${UNIT})/cmdline`,
  );
  const command = [
    QEMU,
    ...listQemuOptions(guest).flatMap(({ flag, value }) => [`-${flag}`, value ?? []].flat()),
  ];
  assert.deepEqual(running.stdout.trimEnd().split("\n"), [
    "/bin/bash",
    ...command,
    "-smbios",
    "type=1,family=",
  ]);

  machine.run(
    "sh",
    "-c",
    `rm /usr/bin/qemu-system-x86_64 && mkdir -p /run/ci-fleet && : >/run/ci-fleet/reboot`,
  );
  machine.run("systemctl", "stop", UNIT);
  machine.run("sh", "-c", `systemctl start ${UNIT} || true`);
  const [waits, , job] = see();
  assert.deepEqual([waits, job], [true, "job-1 waiting true true false "]);
  machine.run("cp", "-r", "/root/fleet/.", "/etc/ci-fleet/home");
  machine.run("hostname", "forge");
  // 77: it has no credential for the slots of the machine itself.
  machine.run("sh", "-c", "! systemctl start home-watchdog.service");
  const audit = machine.run("cat", "/var/lib/ci-fleet/home/watchdog.audit.jsonl").stdout.trim().split("\n");
  const facts = audit.map((line) => JSON.parse(line) as { notice?: string; text?: string });
  const told = facts.flatMap(({ notice, text }) =>
    /^(?:Guest|Reboot)/.test(notice ?? "") ? [`${notice} ${text?.split(" ", 3).join(" ")}`] : [],
  );
  // From within the sandbox of its own unit.
  assert.deepEqual(told, [
    "RebootDue what changed for",
    "GuestStopped guest gpu-vm is",
    "GuestFails guest job-1 does",
    "GuestStopped guest job-2 is",
  ]);
  machine.run("rm", `/etc/systemd/system/${UNIT}`);
  machine.run("systemctl", "daemon-reload");
  machine.run("systemctl", "stop", UNIT);
  assert.equal(see()[2], "job-1 missing true true false ");
});

test("an image that is not what its sums say is not kept, and a card is taken only where it is the card", (t) => {
  const machine = bootSystemd(t);
  if (machine === null) return;
  install(machine);
  const refuse = (guest: string, variables: string) =>
    machine.run(
      "bash",
      "-c",
      `! env PATH=/usr/local/bin:$PATH ${variables} /etc/ci-fleet/home/vm/${guest}/guest.sh host 2>&1`,
    ).stdout;
  machine.run("sh", "-c", "echo other >/run/image");
  assert.match(refuse("job-1", "A=b"), /is not what its sums say/);
  machine.run("sh", "-c", `rm /run/image && ! ls /var/lib/ci-fleet/images/${IMAGE}*`);

  const devices = "/tmp/root/sys/bus/pci/devices";
  machine.run(
    "bash",
    "-ec",
    `mkdir -p ${devices}/0000:01:00.{0,1} /tmp/root/dev/vfio /tmp/root/sys/kernel/iommu_groups/14 /tmp/root/sys/bus/pci/drivers/{nvidia,vfio-pci} /tmp/run
    chown 1234 /tmp/run
    : >/tmp/root/dev/vfio/14
    for n in 0 1; do
      cd ${devices}/0000:01:00.$n
      echo 0x10de >vendor
      ln -s ../../../../kernel/iommu_groups/14 iommu_group
      ln -s ../../drivers/nvidia driver
    done
    echo 0x2684 >${devices}/0000:01:00.0/device
    echo 0x22ba >${devices}/0000:01:00.1/device`,
  );
  const variables = "CI_FLEET_ROOT=/tmp/root RUNTIME_DIRECTORY=/tmp/run";
  assert.match(refuse("gpu-vm", variables), /nvidia holds 0000:01:00\.0 and may not let go: put vfio\//);
  machine.run(
    "sh",
    "-c",
    `for n in 0 1; do ln -sfn ../../drivers/vfio-pci ${devices}/0000:01:00.$n/driver; done`,
  );
  const script = `${variables} PATH=/usr/local/bin:$PATH /etc/ci-fleet/home/vm/gpu-vm/guest.sh`;
  machine.run("sh", "-c", `${script} host`);
  const owner = () => machine.run("stat", "--format=%u", "/tmp/root/dev/vfio/14").stdout.trim();
  assert.equal(owner(), "1234", "QEMU's user may open it");
  machine.run("sh", "-c", `${script} release`);
  assert.equal(owner(), "0");
  machine.run("sh", "-c", `echo 0x2204 >${devices}/0000:01:00.0/device`);
  assert.match(refuse("gpu-vm", variables), /at 0000:01:00\.0 is 0x10de:0x2204, not 10de:2684/);
});
