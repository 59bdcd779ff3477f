// A job that looks for what it should not find, and prints it: the lab searches every job's log for secrets.
// In: nothing. Out: the script of a job.

/** Ends well whatever it finds. */
export const NOSY_JOB = [
  "set +e",
  "env",
  "for p in /proc/[0-9]*; do echo; echo \"== ${p#/proc/}:$(cat $p/comm 2>/dev/null)\"; tr '\\0' '\\n' <$p/environ; tr '\\0' '\\n' <$p/cmdline; done 2>/dev/null",
  "find ${CI_FLEET_RUN_DIR:-/nonexistent} /tmp ${RUNNER_TEMP:-/nonexistent} -type f -exec grep -aH '' {} + 2>/dev/null",
  "find / -xdev -name 'default.*' -path '*credentials*' -exec grep -aH '' {} + 2>/dev/null",
  "cat /etc/ci-fleet/token /etc/ci-fleet/app.pem 2>/dev/null",
  "true",
].join("\n");
