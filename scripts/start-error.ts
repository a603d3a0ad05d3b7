/** A reason not to start that its reader can mend. */
export class StartError extends Error {
  override name = "StartError";
}
