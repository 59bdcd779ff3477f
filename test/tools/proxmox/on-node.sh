#!/bin/bash
# A machine that is the node pve1, for one command and its children: a name, /etc, /run and /var/lib of its own, and the
# stand-in's programs. In: the stand-in's folder, CI_FLEET_DATA, a command. Run in namespaces of its own: unshare -m -u.
set -euo pipefail

readonly play=$1 data=$2
shift 2
hostname pve1
mount --make-rprivate /
own=$play/own
mkdir -p "$own"
for folder in etc run var/lib usr/local/sbin; do mkdir -p "$own/$folder"; done
if [[ ! -e $own/etc/passwd ]]; then
  cp -a /etc/. "$own/etc/"
  mkdir -p "$own/run/systemd/system" "$own/etc/kernel"
  # The scripts of the programs find the state by it: apply hands on no variable of ours.
  for name in qm pvesm pvesh pveum; do
    printf '#!/bin/sh\nPVE_STATE=%s CI_FLEET_DATA=%s exec %s "$@"\n' "$play" "$data" "$play/bin/$name" >"$own/usr/local/sbin/$name"
    chmod 0755 "$own/usr/local/sbin/$name"
  done
  cp -- "$play/bin/systemctl" "$own/usr/local/sbin/"
  for name in update-initramfs update-grub proxmox-boot-tool; do
    printf '#!/bin/sh\necho "%s $*" >>%s/boot.log\n' "$name" "$play" >"$own/usr/local/sbin/$name"
    chmod 0755 "$own/usr/local/sbin/$name"
  done
fi
for folder in etc run var/lib usr/local/sbin; do mount --bind "$own/$folder" "/$folder"; done
exec "$@"
