/** Names of the scopes whose requests, tokens and money are counted, each by an object of its own. */
export const scopeOf = {
  key: (token: string) => `key:${token}`,
  user: (id: string) => `user:${id}`,
  team: (id: string) => `team:${id}`,
  teamMember: (team: string, user: string) => `team_member:${encodeURIComponent(team)}:${user}`,
  organization: (id: string) => `organization:${id}`,
  organizationMember: (organization: string, user: string) =>
    `organization_member:${encodeURIComponent(organization)}:${user}`,
  project: (id: string) => `project:${id}`,
  customer: (id: string) => `customer:${id}`,
  tag: (name: string) => `tag:${name}`,
  deployment: (id: string) => `deployment:${id}`,
  provider: (name: string) => `provider:${name}`,
  /** The whole gateway (`litellm_settings.max_budget`). */
  proxy: () => "proxy",
} as const;
