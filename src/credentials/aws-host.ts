/** Hosts of AWS's own. */

/** The domain of AWS's hosts is another in China. */
export function awsDomain(region: string): string {
  return region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

/** Region of one of AWS's own hosts (`bedrock-runtime.eu-west-1.amazonaws.com`); `undefined` of any other. */
export function regionOfHost(url: string): string | undefined {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return /\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.exec(host)?.[1];
}
