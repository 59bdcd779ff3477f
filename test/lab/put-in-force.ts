// Puts what a fleet's repository says in force on a host. In: a lab, a host with a rendered fleet. Out: units that
// were told to start.

import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { placeByHand } from "./place-by-hand.ts";

export const putInForce = (lab: Lab, host: Host): Promise<void> => placeByHand(lab, host);
