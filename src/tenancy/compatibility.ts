/** Where LiteLLM's statuses and rules changed, the newest is the default; `litellm_compatibility` brings back 1.83's. */
export interface Compatibility {
  /** A budget is used up. */
  budgetStatus: number;
  /** The key may not call the model. */
  modelAccessStatus: number;
  /** A user's budget also counts on keys of its teams. */
  userBudgetOnTeamKeys: boolean;
  /** `sk-1234` and its like may be the master key. */
  weakMasterKey: boolean;
  /** Pass-through routes lead every key to whatever the gateway's credentials reach. */
  openPassThrough: boolean;
}

export const NEWEST: Compatibility = {
  budgetStatus: 422,
  modelAccessStatus: 403,
  userBudgetOnTeamKeys: true,
  weakMasterKey: false,
  openPassThrough: false,
};

/** LiteLLM 1.83. */
export const OLDER: Compatibility = {
  budgetStatus: 400,
  modelAccessStatus: 401,
  userBudgetOnTeamKeys: false,
  weakMasterKey: true,
  openPassThrough: true,
};
