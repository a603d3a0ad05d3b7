/** AWS Secrets Manager. Source: its API reference (CreateSecret, PutSecretValue, GetSecretValue, DeleteSecret, RestoreSecret). */
import { type AwsSettings, awsIdentity, signAws } from "../../credentials/aws.ts";
import { Secret } from "../../credentials/secret.ts";
import { type Answered, ask, type Labels, type ManagerPorts, type SecretManager } from "./manager.ts";

const NAME = "aws_secret_manager";

export interface AwsManagerSettings {
  identity: AwsSettings;
  region: string;
  /** Origin, in place of the region's own. */
  endpoint: string | undefined;
}

export function awsSecretManager(
  { identity, region, endpoint }: AwsManagerSettings,
  { description, tags }: Labels,
  ports: ManagerPorts,
): SecretManager {
  const url = `${endpoint ?? `https://secretsmanager.${region}.amazonaws.com`}/`;
  const call = async (action: string, fields: object, hidden: readonly Secret[] = []): Promise<Answered> => {
    const who = await awsIdentity(identity, region, ports);
    const body = JSON.stringify(fields);
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `secretsmanager.${action}` };
    const request = { method: "POST" as const, url, headers, body };
    const signed = await signAws(request, who, { service: "secretsmanager", region }, ports.now());
    return ask(NAME, { ...request, headers: { ...headers, ...signed }, hidden }, ports);
  };
  const put = (name: string, secret: Secret) =>
    call("PutSecretValue", { SecretId: name, SecretString: secret.reveal(), ClientRequestToken: crypto.randomUUID() }, [
      secret,
    ]);
  return {
    name: NAME,
    isName: (name) => name.length <= 512 && /^[\w/+=.@-]+$/.test(name),
    prefixOf: (prefix) => prefix,
    async read(name) {
      const answer = await call("GetSecretValue", { SecretId: name });
      if (isGone(answer)) return undefined;
      if (!answer.ok) throw answer.toError();
      const { SecretString: text } = answer.json;
      return typeof text === "string" ? { secret: new Secret(text) } : undefined;
    },
    async write(name, secret) {
      const made = await call(
        "CreateSecret",
        {
          Name: name,
          SecretString: secret.reveal(),
          ClientRequestToken: crypto.randomUUID(),
          ...(description && { Description: description }),
          ...(Object.keys(tags).length > 0 && { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
        },
        [secret],
      );
      if (made.ok) return;
      const kind = kindOf(made);
      if (kind === "InvalidRequestException") {
        // It was deleted and is not gone yet.
        const restored = await call("RestoreSecret", { SecretId: name });
        if (!restored.ok) throw made.toError();
      } else if (kind !== "ResourceExistsException") throw made.toError();
      const written = await put(name, secret);
      if (!written.ok) throw written.toError();
    },
    async remove(name) {
      const answer = await call("DeleteSecret", { SecretId: name, ForceDeleteWithoutRecovery: true });
      if (!answer.ok && !isGone(answer)) throw answer.toError();
    },
  };
}

/** `ResourceNotFoundException`; a shape's name may stand behind a namespace. */
function kindOf({ json }: Answered): string {
  return (
    String(json["__type"] ?? json["code"] ?? "")
      .split("#")
      .at(-1) ?? ""
  );
}

/** Not there, or marked for deletion. */
function isGone(answer: Answered): boolean {
  return !answer.ok && ["ResourceNotFoundException", "InvalidRequestException"].includes(kindOf(answer));
}
