// How Proxmox refuses: a status, a sentence, faults by parameter. In: those. Out: something to throw in a route.

export class Refusal extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | null;

  constructor(message: string, status = 500, errors: Readonly<Record<string, string>> | null = null) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** PVE::Exception, raise_param_exc. */
export function refuseParameters(errors: Readonly<Record<string, string>>): Refusal {
  return new Refusal("Parameter verification failed.", 400, errors);
}

/** PVE::Exception, raise_perm_exc. */
export function refusePermission(path: string, privileges: readonly string[]): Refusal {
  return new Refusal(`Permission check failed (${path}, ${privileges.join("|")})`, 403);
}
