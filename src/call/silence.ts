/**
 * After this many milliseconds of silence a comment goes to the client: proxies on the way keep the connection, and
 * a client that has left is noticed, which workerd does only when it writes.
 */
const SILENCE = 5000;
/** What goes to the client then. */
export const COMMENT = ": keep-alive\n\n";

export const SILENT = Symbol("silent");

/** The value, or `SILENT` where it takes too long. */
export async function orSilence<T>(value: Promise<T>): Promise<T | typeof SILENT> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<typeof SILENT>((resolve) => {
    timer = setTimeout(() => resolve(SILENT), SILENCE);
  });
  try {
    return await Promise.race([value, silence]);
  } finally {
    clearTimeout(timer);
  }
}
