// How the first program of an emulated machine begins: busybox stands in for all others. In: nothing. Out: lines.

export const EMULATED_START = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
rm -f /bin/modprobe
export PATH=/sbin:/bin`;
