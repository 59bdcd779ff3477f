// What slots and guests claim of a host. In: nothing. Out: records.

export interface Claims {
  readonly total: number | null;
  /** By limits of slots that always run, and by guests. */
  readonly claimed: number;
  /** The same with every slot at work. */
  readonly atMax: number;
}

export interface Capacity {
  readonly cpus: Claims;
  /** Bytes. */
  readonly memory: Claims;
  readonly gpus: readonly {
    readonly gpu: string;
    readonly name: string | null;
    readonly slots: readonly string[];
    /** The guest that takes the card away from this host, null where none does. */
    readonly guest: string | null;
  }[];
}
