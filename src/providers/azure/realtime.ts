/**
 * Sessions in real time. Source: Microsoft, "Use the GPT Realtime API via WebSockets": the API itself is at `/openai/v1`,
 * its preview, with events of its own, at a version with a date.
 */
import type { SecretKind } from "../../formats/openai/realtime-secrets.ts";
import { toError } from "../failure.ts";
import { nativeCall } from "../openai/endpoint.ts";
import { without } from "../openai/json.ts";
import type { RealtimeRow } from "../openai/realtime.ts";
import { openaiSecretAdapter } from "../openai/realtime-secrets.ts";
import type { Target } from "../provider.ts";
import type { RealtimeAdapter, RealtimeQuery } from "../realtime.ts";
import { host } from "./host.ts";
import { deploymentOf, layoutOf, resourcePath, v1Layout, versionQuery } from "./place.ts";

/** The last version of the preview. */
const PREVIEW = "2025-04-01-preview";

export const realtime: RealtimeAdapter = {
  connect(target, asked) {
    const isPreview = speaksPreview(target, asked);
    const path = isPreview ? previewPath(target, asked) : currentPath(target, asked);
    const headers = isPreview ? asked.headers : without(asked.headers, ["openai-beta"]);
    return nativeCall(host, { method: "GET", path, headers }, target);
  },
  error: (failure) => toError(failure, host.label, host.rules),
};

/** As the deployment says, else as the client does. */
function speaksPreview({ params }: Target, { headers }: RealtimeQuery): boolean {
  const said = params?.["realtime_protocol"];
  if (typeof said === "string" && said !== "") return said.toLowerCase() === "beta";
  return /realtime=v1/.test(headers["openai-beta"] ?? "");
}

function currentPath(target: Target, { intent }: RealtimeQuery): string {
  // A session that only writes down what is said names its model in its own settings.
  const query = intent === "transcription" ? `intent=${intent}` : `model=${encodeURIComponent(deploymentOf(target))}`;
  return resourcePath(`/realtime?${query}`, v1Layout());
}

function previewPath(target: Target, { intent }: RealtimeQuery): string {
  const name = `deployment=${encodeURIComponent(deploymentOf(target))}`;
  const query = intent === "transcription" ? `intent=${intent}&${name}` : name;
  return `/openai/realtime?${versionQuery(previewVersion(target))}&${query}`;
}

/** The deployment's own where it is one; what holds for other operations by default need not know sessions. */
function previewVersion(target: Target): string {
  const layout = layoutOf(target);
  return target.apiVersion !== undefined && layout.name === "dated" ? layout.version : PREVIEW;
}

const row: RealtimeRow = { ...host, secretsPath };

/** `client_secrets` are those of the API itself; sessions as objects were those of its preview. */
function secretsPath(kind: SecretKind, target: Target): string {
  if (kind === "client_secrets") return resourcePath(`/realtime/${kind}`, v1Layout());
  return `/openai/realtimeapi/${kind}?${versionQuery(previewVersion(target))}`;
}

export const realtimeSecrets = (kind: SecretKind) => openaiSecretAdapter(row, kind);
