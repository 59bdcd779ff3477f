// Whether two addresses are the same place for registrations. In: URLs of owners or repositories. Out: yes or no.

/** Owners and repositories are not told apart by case at GitHub. */
export function isSameScope(one: string, other: string): boolean {
  return one === other || plain(one) === plain(other);
}

function plain(url: string): string {
  return url.toLowerCase().replace(/\/+$/, "").replace("://www.", "://");
}
