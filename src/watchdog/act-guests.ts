// Carries out what was ruled for a node's guests, and chooses nothing. Each change is written down before it is asked
// for, its task before it is waited for; a guest is looked at once more just before anything that would harm a job. In:
// rulings, memory, ports. Out: what came of each, and the memory as it was saved last.

import { WorldError } from "../base/world-error.ts";
import type { GuestAction, GuestNote, GuestOutcome, GuestRuling, NodeMemory } from "../model/guest-life.ts";
import { NO_NOTE } from "../model/guest-memory.ts";
import type { PlannedGuest } from "../model/hypervisor-plan.ts";
import type {
  GuestRecord,
  HypervisorAnswer,
  HypervisorFailure,
  StartedTask,
} from "../model/hypervisor-port.ts";
import { addServeWord, CLEAN_SNAPSHOT, hasServeWord, readGuestUuid } from "../model/one-job.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { Result } from "../model/watchdog.ts";
import { nameGeneration } from "./decide-guests.ts";
import { addSetback, isInRecord, isMarked } from "./guest-case.ts";
import type { ActGuestsPorts } from "./guest-ports.ts";
import { describeClean } from "./guest-rules.ts";
import { describeFailure } from "./observe-guests.ts";

export interface ActGuestsInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly rulings: readonly GuestRuling[];
  readonly memory: NodeMemory;
  /** What qm.sh wrote down, by id. */
  readonly made: ReadonlyMap<number, string | null>;
}

export interface GuestsActed {
  readonly outcomes: readonly GuestOutcome[];
  readonly memory: NodeMemory;
}

/** Of one task; one that takes longer is asked for by the next pass. */
const PATIENCE_MS = 180_000;
/** Then no further guest is begun: the next pass comes soon. */
const PASS_MS = 300_000;

export async function actOnGuests(inputs: ActGuestsInputs, ports: ActGuestsPorts): Promise<GuestsActed> {
  const began = ports.time().monotonic;
  const outcomes: GuestOutcome[] = [];
  let { memory } = inputs;
  let blocked: string | null = null;
  for (const ruling of inputs.rulings) {
    if (ruling.action === null) continue;
    const late = ports.time().monotonic - began >= PASS_MS ? "the next pass goes on" : null;
    const refusal = blocked ?? ports.stopping() ?? late;
    if (refusal !== null) {
      outcomes.push({ ruling, result: "not-tried", steps: [refusal] });
      continue;
    }
    const work = new GuestWork(inputs, ruling, memory, ports);
    const ended = await work.carryOut(ruling.action);
    memory = work.memory;
    blocked = ended.blocked;
    outcomes.push({ ruling, result: ended.result, steps: work.steps });
  }
  return { outcomes, memory };
}

interface Ended {
  readonly result: Result;
  /** Why nothing more is changed on this node. */
  readonly blocked: string | null;
}

/** Ends the work on one guest from within any of its steps. */
class Stop extends Error {
  readonly ended: Ended;
  constructor(ended: Ended) {
    super();
    this.ended = ended;
  }
}

/** One guest under work: what was done of it so far, and the memory as it is on the disk. */
class GuestWork {
  readonly steps: string[] = [];
  memory: NodeMemory;
  readonly #guest: PlannedGuest;
  readonly #inputs: ActGuestsInputs;
  readonly #ports: ActGuestsPorts;

  constructor(inputs: ActGuestsInputs, ruling: GuestRuling, memory: NodeMemory, ports: ActGuestsPorts) {
    const guest = inputs.host.hypervisor?.guests.find(({ name }) => name === ruling.guest);
    if (guest === undefined) throw new Error(`${ruling.guest} is no guest of the plan`);
    this.#guest = guest;
    this.#inputs = inputs;
    this.#ports = ports;
    this.memory = memory;
  }

  async carryOut(action: GuestAction): Promise<Ended> {
    try {
      await this.#do(action);
      return { result: "done", blocked: null };
    } catch (error) {
      if (error instanceof Stop) return error.ended;
      if (!(error instanceof WorldError)) throw error;
      this.steps.push(error.message);
      // The memory could not be written: what is done now, no later pass would know of.
      return { result: "failed", blocked: error.message };
    }
  }

  async #do(action: GuestAction): Promise<void> {
    const { node } = this.#ports;
    const { vmId } = this.#guest;
    switch (action) {
      case "set-up":
        await this.#look();
        await this.#task("start", () => node.start(vmId));
        return this.#save({ booted: true });
      case "keep": {
        await this.#look();
        const generation = nameGeneration(this.#inputs.plan, this.#guest);
        const description = describeClean({ guest: this.#guest, generation });
        await this.#task("snapshot", () => node.takeSnapshot(vmId, { name: CLEAN_SNAPSHOT, description }));
        return this.#serve();
      }
      case "reset":
        await this.#look();
        await this.#task("rollback", () => node.rollback(vmId, CLEAN_SNAPSHOT));
        await this.#bring();
        return this.#serve();
      case "remake":
        await this.#destroy();
        return this.#make();
      case "make":
        return this.#make();
      case "serve":
        await this.#bring();
        return this.#serve();
    }
  }

  async #destroy(): Promise<void> {
    const record = await this.#look();
    const { name, vmId } = this.#guest;
    const note = this.memory.guests[name] ?? NO_NOTE;
    const made = { known: true, value: this.#inputs.made.get(vmId) ?? null } as const;
    if (!hasServeWord(record.config.smbios1) || !isInRecord(note, { made }, record)) {
      this.#stop("dropped", "it is not the guest that our record names");
    }
    await this.#task("destroy", () => this.#ports.node.destroy(vmId));
  }

  async #make(): Promise<void> {
    // From now on a guest of this id that has our mark is the one that we are making.
    await this.#save({ making: true, made: null, booted: false, servedAt: null });
    this.#ports.pass("making");
    await this.#bring();
    const record = await this.#look();
    await this.#save({ making: false, made: readGuestUuid(record.config.smbios1) });
    return this.#serve();
  }

  /** Told that it is clean, and started. */
  async #serve(): Promise<void> {
    const { node, time } = this.#ports;
    const { vmId } = this.#guest;
    const { config, digest } = await this.#look();
    if (!hasServeWord(config.smbios1)) {
      const set = { smbios1: addServeWord(config.smbios1) };
      this.#expect("tell it that it is clean", await node.configure(vmId, { set, delete: [], digest }));
      this.steps.push("it is told that it is clean");
      this.#ports.pass("told");
    }
    await this.#save({ servedAt: time().wall });
    await this.#task("start", () => node.start(vmId));
    await this.#save({ setbacks: null });
  }

  async #bring(): Promise<void> {
    const brought = await this.#ports.bring(this.#guest, async (step, upid) => {
      this.steps.push(`${step}: ${upid}`);
      await this.#save({ work: { step, upid } });
      this.#ports.pass(step);
    });
    switch (brought.kind) {
      case "done":
        this.steps.push(...brought.steps);
        return this.#save({ work: null });
      case "running":
        return this.#stop("done", `${brought.step} is not done yet: the next pass asks for it`);
      case "failed":
        return this.#fail("settings", brought.failure);
      case "not-possible":
        await this.#save({ work: null, setbacks: this.#setback(brought.why) });
        return this.#stop("failed", brought.why);
    }
  }

  /** Once more, and only what is stopped, ours, and nobody else's business is worked on. */
  async #look(): Promise<GuestRecord> {
    const answer = await this.#ports.node.readGuest(this.#guest.vmId);
    if (answer.kind !== "ok") return this.#fail("look", answer);
    const { value } = answer;
    if (value.status !== "stopped") return this.#stop("dropped", "it runs by now");
    if (value.lock !== null) return this.#stop("dropped", `it is locked by now: ${value.lock}`);
    if (!isMarked(this.#guest, value) || value.template)
      return this.#stop("dropped", "it is not ours any more");
    return value;
  }

  async #task(step: string, begin: () => Promise<HypervisorAnswer<StartedTask>>): Promise<void> {
    await this.#save({ work: { step, upid: null } });
    this.#ports.pass(`before ${step}`);
    const { upid } = this.#expect(step, await begin());
    await this.#save({ work: { step, upid } });
    this.#ports.pass(step);
    const end = await this.#ports.node.awaitTask(upid, PATIENCE_MS);
    if (end.kind === "unknown" || (end.kind === "ok" && end.value.kind === "running")) {
      return this.#stop("done", `${step} is not done yet: the next pass asks for it (${upid})`);
    }
    if (end.kind !== "ok") {
      await this.#save({ work: null, setbacks: this.#setback(`${step}: ${describeFailure(end)}`) });
      return this.#stop("failed", `${step}: ${describeFailure(end)}`);
    }
    this.steps.push(`${step}: done (${upid})`);
    await this.#save({ work: null });
  }

  #expect<T>(step: string, answer: HypervisorAnswer<T>): T {
    return answer.kind === "ok" ? answer.value : this.#fail(step, answer);
  }

  #fail(step: string, failure: HypervisorFailure): never {
    const why = `${step}: ${describeFailure(failure)}`;
    switch (failure.kind) {
      case "locked":
      case "conflict":
        return this.#stop("dropped", why);
      case "no-quorum":
        return this.#stop("failed", why, "the cluster has no quorum");
      case "unknown":
        return this.#stop("failed", why);
      default:
        this.memory = withNote(this.memory, this.#guest.name, { setbacks: this.#setback(why) });
        return this.#stop("failed", why);
    }
  }

  #stop(result: Result, words: string, blocked: string | null = null): never {
    this.steps.push(words);
    throw new Stop({ result, blocked });
  }

  #setback(why: string): NonNullable<GuestNote["setbacks"]> {
    return addSetback(this.memory.guests[this.#guest.name] ?? NO_NOTE, why, this.#ports.time());
  }

  async #save(change: Partial<GuestNote>): Promise<void> {
    this.memory = withNote(this.memory, this.#guest.name, change);
    await this.#ports.save(this.memory);
  }
}

function withNote(memory: NodeMemory, name: string, change: Partial<GuestNote>): NodeMemory {
  const note = { ...(memory.guests[name] ?? NO_NOTE), ...change };
  return { ...memory, guests: { ...memory.guests, [name]: note } };
}
