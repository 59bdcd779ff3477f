// Loaded into each test process before its tests: one that is kept from its end, by a server that nobody closed or a
// promise that nobody settles, says what holds it and fails, instead of holding up everything for ever. Node's own
// --test-timeout ends tests, not processes. In: CI_FLEET_TEST_MINUTES. Out: exit code 1, too late.

import { getActiveResourcesInfo } from "node:process";

const minutes = Number(process.env.CI_FLEET_TEST_MINUTES);
if (process.env.NODE_TEST_CONTEXT !== undefined && minutes > 0) {
  setTimeout(() => {
    console.error(
      `${process.argv[1]}: not at its end after ${minutes} minutes; held by ${getActiveResourcesInfo().join(", ")}`,
    );
    process.exit(1);
  }, minutes * 60_000).unref();
}
