/**
 * Wildcards in public model names: `openai/*`, `claude-*`, `*`. Which pattern a requested name belongs to, and
 * which model it asks for. Source of the rules: LiteLLM's pattern router (docs, "provider specific wildcard
 * routing"). One difference: a pattern must match the whole name, where LiteLLM lets `gpt-*-mini` match
 * `gpt-4o-mini-2024-07-18` and then asks for `gpt-4o-mini`.
 */

/** Does a name hold a wildcard? */
export function isPattern(name: string): boolean {
  return name.includes("*");
}

/**
 * What each star of a pattern stands for in a name, or `undefined` where the name does not match.
 * A star takes as much as it can, the first star before the second.
 *
 * @example matchPattern("openai/*", "openai/gpt-5") // ["gpt-5"]
 */
export function matchPattern(pattern: string, name: string): string[] | undefined {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === name ? [] : undefined;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return undefined;
  // From the right, each literal at its last possible place: that is what makes the first star the greediest.
  const captured: string[] = [];
  let end = name.length - last.length;
  for (const literal of rest.reverse()) {
    const begin = name.slice(first.length, end).lastIndexOf(literal);
    if (begin === -1) return undefined;
    captured.unshift(name.slice(first.length + begin + literal.length, end));
    end = first.length + begin;
  }
  captured.unshift(name.slice(first.length, end));
  return captured;
}

/**
 * The model to ask for: the stars of `litellm_params.model` replaced, in order, by what was captured.
 * A model with fewer stars than were captured cannot be mapped and gives the requested name, as in LiteLLM.
 *
 * @example mapWildcard("anthropic/claude-*", ["sonnet-4-5"], "claude-sonnet-4-5") // "anthropic/claude-sonnet-4-5"
 */
export function mapWildcard(model: string, captured: readonly string[], requested: string): string {
  const parts = model.split("*");
  const stars = parts.length - 1;
  if (stars === 0) return model;
  if (captured.length > stars) return requested;
  return parts.reduce((mapped, part, index) => `${mapped}${captured[index - 1] ?? "*"}${part}`);
}

/**
 * Sorts patterns, most specific first. LiteLLM sorts by the length of the regular expression it makes of a
 * pattern, then by how many of its characters are operators; the same order is kept here.
 */
export function compareSpecificity(left: string, right: string): number {
  const [a, b] = [specificity(left), specificity(right)];
  return b.length - a.length || b.operators - a.operators;
}

function specificity(pattern: string): { length: number; operators: number } {
  let length = 0;
  let operators = 0;
  for (const character of pattern) {
    if (character === "*") {
      length += 4; // `(.*)`
      operators += 3;
    } else if (/[\s#$&()+\-.?[\\\]^{|}~]/.test(character)) {
      length += 2; // escaped
      operators += /[+?\\^$|()]/.test(character) ? 2 : 1;
    } else length += 1;
  }
  return { length, operators };
}
