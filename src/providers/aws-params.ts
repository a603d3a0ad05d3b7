/** The `aws_*` params of `litellm_params`, for every provider that AWS's credentials sign for. */

/** Where they come from, if the deployment does not say them. */
export const AWS_PARAM_VARIABLES = {
  aws_access_key_id: ["AWS_ACCESS_KEY_ID"],
  aws_secret_access_key: ["AWS_SECRET_ACCESS_KEY"],
  aws_session_token: ["AWS_SESSION_TOKEN"],
  aws_region_name: ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"],
  aws_role_name: ["AWS_ROLE_NAME", "AWS_ROLE_ARN"],
  aws_session_name: ["AWS_SESSION_NAME"],
  aws_external_id: ["AWS_EXTERNAL_ID"],
  aws_web_identity_token: ["AWS_WEB_IDENTITY_TOKEN"],
  aws_sts_endpoint: ["AWS_STS_ENDPOINT"],
} as const;

/** Those that say who asks, and belong together. */
export const AWS_SIGN_IN_PARAMS = [
  ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"],
  ["aws_role_name", "aws_external_id", "aws_web_identity_token"],
] as const;
