// SPDX-License-Identifier: Apache-2.0
// Who may press what, as the coordinator's route table has it. It decides in any case; here it only spares people a refusal.
import type { Role } from "./types";

const OPERATORS: Role[] = ["operator", "admin"];
const APPROVERS: Role[] = ["approver", ...OPERATORS];
const AUTHORS: Role[] = ["author", ...OPERATORS];

export const MAY = {
  run: OPERATORS, // pause, resume, cancel, retry, rates
  launch: APPROVERS,
  write: AUTHORS, // audiences, campaigns
  administer: ["admin"] as Role[],
};

export function may(role: Role, what: keyof typeof MAY): boolean {
  return MAY[what].includes(role);
}

/** "operator or admin" */
export function whoMay(what: keyof typeof MAY): string {
  const names = MAY[what];
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}`;
}
