/** What is said about a configuration, and where. */

export interface Position {
  /** The file as it was named. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

export interface Diagnostic {
  /** Errors keep the gateway from starting; warnings do not. */
  severity: "error" | "warning";
  position: Position;
  /** As a person writes it: `model_list[0].litellm_params.model`; empty for the whole file. */
  path: string;
  message: string;
}

/** The configuration cannot be served. The message holds no value that may be secret. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** One line, in the form editors and terminals make a link of: `file:line:column: severity: path: message`. */
export function formatDiagnostic({ severity, position, path, message }: Diagnostic): string {
  const where = `${position.file}:${position.line}:${position.column}`;
  return `${where}: ${severity}: ${path === "" ? "" : `${path}: `}${message}`;
}
