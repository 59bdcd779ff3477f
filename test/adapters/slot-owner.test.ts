// Who a slot's folders are given to: by run mode, by kind of install, by who we are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findOwner } from "../../src/adapters/slot-owner.ts";
import { makePlacement } from "../render/compose-plan.ts";
import { makeTools, ran } from "./fake-tools.ts";

const ROOT = { uid: 0, gid: 0 };
const ALICE = { uid: 1000, gid: 1000 };
const container = makePlacement();
const process = makePlacement({ run: "process", uid: null, user: "ci-fleet", image: null });
const tools = () => makeTools({ "id -u -- ci-fleet": ran("990\n"), "id -g -- ci-fleet": ran("989\n") });

test("the runner of a container has the image's uid, which only root can give folders to", async () => {
  assert.deepEqual(await findOwner(container, "system", ROOT, tools()), {
    uid: 1001,
    gid: 1001,
    isReachable: true,
  });
  assert.deepEqual(await findOwner(container, "user", ALICE, tools()), {
    uid: 1001,
    gid: 1001,
    isReachable: false,
  });
});

test("a process slot of the system has an account, a user's is that user", async () => {
  assert.deepEqual(await findOwner(process, "system", ROOT, tools()), {
    uid: 990,
    gid: 989,
    isReachable: true,
  });
  assert.deepEqual(await findOwner(process, "user", ALICE, tools()), { ...ALICE, isReachable: true });
  assert.deepEqual(await findOwner(process, "user", ROOT, tools()), { ...ROOT, isReachable: true });
});

test("an account that is not there is told with what makes it", async () => {
  const none = makeTools({ id: ran("", 1, "id: 'ci-fleet': no such user\n") });
  await assert.rejects(
    findOwner(process, "system", ROOT, none),
    /cannot find the user ci-fleet: id: 'ci-fleet': no such user/,
  );
});
