/** The least a gateway on workerd can do: a Worker that hands the request on and the answer back. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const workerd = resolve(import.meta.dirname, "../node_modules/workerd/bin/workerd");

export interface Passthrough {
  port: number;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** @param folder where its configuration is written */
export async function startPassthrough(folder: string, upstreamPort: number): Promise<Passthrough> {
  const file = join(folder, "passthrough.capnp");
  writeFileSync(file, configOf(upstreamPort));
  const child = spawn(workerd, ["serve", file, "--control-fd=3"], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const port = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) => fail(new Error(`the pass-through ended with code ${code}`)));
    child.stdio[3]?.on("data", (line: Buffer) => done((JSON.parse(String(line)) as { port: number }).port)); // workerd's word: {event, socket, port}
  });
  const stop = () => {
    child.kill("SIGKILL");
    return ended;
  };
  return { port, child, stop };
}

function configOf(upstreamPort: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "passthrough", worker = .passthrough),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "passthrough")],
);

const passthrough :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = "export default { fetch(request) { const { pathname } = new URL(request.url); return fetch('http://127.0.0.1:${upstreamPort}' + pathname, request); } };")],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["enable_request_signal"],
);
`;
}
