/**
 * Asks the object of a name, and once more with a new stub where Cloudflare says that this may succeed: an object may be
 * moved or reset. For calls that can be made twice.
 */
export async function askObject<Class extends Rpc.DurableObjectBranded, T>(
  namespace: DurableObjectNamespace<Class>,
  name: string,
  call: (object: DurableObjectStub<Class>) => Promise<T>,
): Promise<T> {
  try {
    return await call(namespace.getByName(name));
  } catch (error) {
    if (!isPassing(error)) throw error;
    return call(namespace.getByName(name));
  }
}

/** Cloudflare's word that the same call may succeed. */
function isPassing(error: unknown): boolean {
  const marks = error as { retryable?: unknown; overloaded?: unknown } | undefined; // marks on errors of any class
  return marks?.retryable === true && marks.overloaded !== true;
}
