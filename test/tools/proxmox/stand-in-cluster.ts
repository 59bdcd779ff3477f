// pvesh(1) for resource mappings and pveum(1) of the stand-in. In: arguments and the state. Out: what they print.

import { type Context, Refusal, readOptions } from "./stand-in.ts";

const MAPPING = /^\/cluster\/mapping\/(pci|dir)(?:\/(.+))?$/;

export function runMapping(words: readonly string[], context: Context): string {
  const { state } = context;
  const { plain, options } = readOptions(words);
  const [verb = "", path = ""] = plain;
  if (verb === "get" && path === "/nodes/pve1/qemu") {
    const rows = Object.entries(state.guests).map(([vmid, { status, config }]) => ({
      ...(config.template === "1" ? { template: 1 } : {}),
      ...{ name: config.name, status, vmid: Number(vmid) },
    }));
    return print(rows);
  }
  const parameters = Object.fromEntries(
    [...options]
      .filter(([key]) => key !== "output-format")
      .map(([key, values]) => [key, key === "map" ? values : values[0]]),
  );
  if (path === "/pools" || path.startsWith("/pools/")) return runPool(verb, path, parameters, context);
  const [, type = "", named] = MAPPING.exec(path) ?? [];
  const mappings = type === "dir" ? state.folders : state.mappings;
  const id = named ?? String(parameters.id);
  if (verb === "get" && named === undefined) {
    return print(
      Object.entries(mappings).map(([key, { description, map }]) => ({ description, id: key, map, type })),
    );
  }
  if (verb === "get") {
    const found = mappings[id];
    if (found === undefined) throw new Refusal(`mapping '${id}' not found`);
    return print({ description: found.description, digest: "0", map: found.map, type });
  }
  const method = verb === "create" ? "POST" : verb === "set" ? "PUT" : verb === "delete" ? "DELETE" : "";
  const problems = context.judge.judgeCall(method, path, parameters);
  if (problems.length > 0) throw new Refusal(`400 Parameter verification failed.\n${problems.join("\n")}`);
  if (verb === "create" && mappings[id] !== undefined) throw new Refusal(`mapping '${id}' already exists`);
  if (verb === "set" && mappings[id] === undefined) throw new Refusal(`mapping '${id}' not found`);
  if (verb === "delete") {
    if (mappings[id] === undefined) throw new Refusal(`mapping '${id}' not found`);
    delete mappings[id];
    return "";
  }
  const description = parameters.description ?? mappings[id]?.description;
  mappings[id] = {
    ...(typeof description === "string" ? { description } : {}),
    map: (parameters.map ?? []) as string[],
  };
  return "";
}

/** /pools of the API, which its description here leaves out. */
function runPool(verb: string, path: string, given: Record<string, unknown>, { state }: Context): string {
  const id = path === "/pools" ? String(given.poolid) : path.slice("/pools/".length);
  const members = state.pools[id];
  if (verb === "create") {
    if (members !== undefined) throw new Refusal(`create pool failed: pool '${id}' already exists`);
    state.pools[id] = [];
    return "";
  }
  if (members === undefined) throw new Refusal(`pool '${id}' does not exist`);
  if (verb === "get") {
    const rows = members.map((vmid) => ({ id: `qemu/${vmid}`, node: "pve1", type: "qemu", vmid }));
    return print({ comment: "made by ci-fleet", members: rows });
  }
  const added = Number(given.vms);
  if (members.includes(added)) throw new Refusal(`update pools failed: VM ${added} is already a pool member`);
  members.push(added);
  return "";
}

/** Proxmox VE 9's privileges, as far as ci-fleet could ask for one of them. */
const PRIVILEGES = new Set(
  (
    "VM.Allocate VM.Audit VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType " +
    "VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console VM.GuestAgent.Audit VM.GuestAgent.Unrestricted " +
    "VM.Migrate VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback Datastore.Allocate Datastore.AllocateSpace " +
    "Datastore.AllocateTemplate Datastore.Audit SDN.Use SDN.Audit Mapping.Use Mapping.Audit Mapping.Modify Sys.Audit Sys.Modify"
  ).split(" "),
);

export function runAccess(words: readonly string[], { state }: Context): string {
  const { plain, options } = readOptions(words);
  const line = plain.slice(0, 2).join(" ");
  const one = (key: string) => options.get(key)?.[0] ?? "";
  if (line === "role list") {
    const roles = Object.entries(state.roles).map(([roleid, privs]) => ({
      privs: privs.replaceAll(" ", ","),
      roleid,
      special: 0,
    }));
    return print([{ privs: "VM.Audit", roleid: "PVEAuditor", special: 1 }, ...roles]);
  }
  if (line === "role delete") {
    if (state.roles[plain[2] ?? ""] === undefined) throw new Refusal(`role '${plain[2]}' does not exist`);
    delete state.roles[plain[2] ?? ""];
    return "";
  }
  if (line === "role add" || line === "role modify") {
    const name = plain[2] ?? "";
    const isThere = state.roles[name] !== undefined;
    if (isThere !== (line === "role modify"))
      throw new Refusal(`role '${name}' ${isThere ? "already exists" : "does not exist"}`);
    const unknown = one("privs")
      .split(" ")
      .find((privilege) => !PRIVILEGES.has(privilege));
    if (unknown !== undefined) throw new Refusal(`invalid privilege '${unknown}'`);
    state.roles[name] = one("privs");
    return "";
  }
  if (line === "user list") return print(state.users.map((userid) => ({ userid })));
  if (line === "user delete") {
    if (!state.users.includes(plain[2] ?? "")) throw new Refusal(`user '${plain[2]}' does not exist`);
    state.users = state.users.filter((user) => user !== plain[2]);
    delete state.tokens[plain[2] ?? ""];
    dropGrants(state, (who) => who.split("!")[0] === plain[2]);
    return "";
  }
  if (line === "user add") {
    if (state.users.includes(plain[2] ?? ""))
      throw new Refusal(`create user failed: user '${plain[2]}' already exists`);
    state.users.push(plain[2] ?? "");
    return "";
  }
  if (line === "user token") return runToken(plain, options, state);
  if (line === "acl list") {
    return print(
      state.acls.map((entry) => {
        const [path = "", ugid = "", roleid = ""] = entry.split(" ");
        return { path, propagate: 1, roleid, type: ugid.includes("!") ? "token" : "user", ugid };
      }),
    );
  }
  if (line === "acl delete") {
    const entry = `${plain[2]} ${one("users") || one("tokens")} ${one("roles")}`;
    if (!state.acls.includes(entry)) throw new Refusal(`no such grant: ${entry}`);
    state.acls = state.acls.filter((each) => each !== entry);
    return "";
  }
  if (line === "acl modify") {
    const path = plain[2] ?? "";
    const user = one("users") || one("tokens").split("!")[0] || "";
    if (!state.users.includes(user)) throw new Refusal(`user '${user}' does not exist`);
    if (state.roles[one("roles")] === undefined) throw new Refusal(`role '${one("roles")}' does not exist`);
    const entry = `${path} ${one("users") || one("tokens")} ${one("roles")}`;
    if (!state.acls.includes(entry)) state.acls.push(entry);
    return "";
  }
  throw new Refusal(`unknown command pveum ${words.join(" ")}`);
}

function dropGrants(state: Context["state"], is: (who: string) => boolean): void {
  state.acls = state.acls.filter((entry) => !is(entry.split(" ")[1] ?? ""));
}

function runToken(
  [, , verb = "", user = "", token = ""]: readonly string[],
  options: ReadonlyMap<string, readonly string[]>,
  state: Context["state"],
): string {
  const tokens = state.tokens[user] ?? [];
  if (verb === "permissions") {
    const rights: Record<string, Record<string, number>> = {};
    for (const entry of state.acls) {
      const [path = "", who = "", role = ""] = entry.split(" ");
      const isBoth = who === `${user}!${token}` && state.acls.includes(`${path} ${user} ${role}`);
      if (!isBoth) continue;
      rights[path] = { ...rights[path] };
      for (const privilege of (state.roles[role] ?? "").split(" "))
        Object.assign(rights[path] ?? {}, { [privilege]: 1 });
    }
    return print(rights);
  }
  if (verb === "list") return print(tokens.map((tokenid) => ({ tokenid })));
  if (verb === "remove") {
    if (!tokens.includes(token)) throw new Refusal(`no such token '${token}' for user '${user}'`);
    state.tokens[user] = tokens.filter((each) => each !== token);
    dropGrants(state, (who) => who === `${user}!${token}`);
    return "";
  }
  if (verb !== "add" || !state.users.includes(user)) throw new Refusal(`pveum user token ${verb} ${user}`);
  if (tokens.includes(token)) throw new Refusal("Token already exists.");
  if (options.get("privsep")?.[0] !== "1") throw new Refusal("a token with all rights of its user");
  state.tokens[user] = [...tokens, token];
  return print({ "full-tokenid": `${user}!${token}`, value: "5e0c7a1e-secret-of-the-token" });
}

function print(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
