/** Users as bodies of other things name them, by id or by email: made where there is none yet. */
import { BadRequestError } from "../../../formats/errors.ts";
import type { UserRow } from "../../../store/schema/index.ts";
import { findUsers, findUsersByEmails } from "../../../store/users.ts";
import type { AdminCall } from "../admin-call.ts";
import { newUser } from "./defaults.ts";

export interface UserName {
  user_id?: string | null | undefined;
  user_email?: string | null | undefined;
}

export interface NamedUser {
  user: UserRow;
  /** Is it yet to be stored? */
  isNew: boolean;
}

/** One for each name, in their order; the same user more than once where more than one name is its. @throws BadRequestError */
export async function usersNamed(call: AdminCall, names: readonly UserName[]): Promise<NamedUser[]> {
  const ids = names.flatMap(({ user_id }) => user_id ?? []);
  const emails = names.flatMap(({ user_email }) => user_email ?? []);
  const [withIds, withEmails] = await Promise.all([findUsers(call.db, ids), findUsersByEmails(call.db, emails)]);
  const byId = new Map(withIds.map((user) => [user.user_id, { user, isNew: false }]));
  const byEmail = Map.groupBy(
    withEmails.map((user) => ({ user, isNew: false })),
    ({ user }) => lower(user.user_email),
  );
  return names.map(({ user_id, user_email }) => {
    const holders = user_email == null ? [] : (byEmail.get(lower(user_email)) ?? []);
    const known = user_id == null ? onlyOne(holders) : byId.get(user_id);
    if (known !== undefined) return known;
    if (holders.length > 0) throw emailTaken(user_email);
    const made = { user: newUser(call, user_id ?? crypto.randomUUID(), user_email ?? null), isNew: true };
    byId.set(made.user.user_id, made);
    if (user_email != null) byEmail.set(lower(user_email), [made]);
    return made;
  });
}

/** Emails are the same in any case. */
function lower(email: string | null): string {
  return email?.toLowerCase() ?? "";
}

/** @throws BadRequestError where an email does not say who is meant */
export function onlyOne<Holder>(holders: readonly Holder[]): Holder | undefined {
  if (holders.length <= 1) return holders[0];
  throw new BadRequestError("Multiple users with this email found in db. Please use 'user_id' instead.", {
    param: "user_email",
  });
}

export function emailTaken(email: string | null | undefined): BadRequestError {
  return new BadRequestError(`User with email ${email} already exists`, { param: "user_email" });
}
