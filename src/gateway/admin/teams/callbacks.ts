/** `/team/{team_id}/callback`: where the calls of a team are reported, kept in its metadata as LiteLLM does. */
import { BadRequestError } from "../../../formats/errors.ts";
import { asRecord, stringsIn } from "../../../formats/json.ts";
import { type AdminCall, adminRoute, bodyOf } from "../admin-call.ts";
import { mergeVariables, shownMetadata } from "../metadata-credentials.ts";
import { pythonList } from "../python-list.ts";
import { teamFor } from "./access.ts";
import { CallbackBody } from "./body.ts";
import { save } from "./update.ts";
import { freshTeamView } from "./view.ts";

interface CallbackSettings {
  success_callback: string[];
  failure_callback: string[];
  callback_vars: Record<string, unknown>;
}

const KINDS = ["success", "failure"] as const;

export const callbackRoutes = [
  adminRoute({
    method: "POST",
    paths: ["/team/:team_id{.+}/callback"],
    access: "admin", // it says which hosts the gateway calls
    summary: "Report a team's calls to a sink of its own",
    tag: "teams",
    body: CallbackBody,
    async handle(call) {
      const { callback_name, callback_type, callback_vars } = await bodyOf(call, CallbackBody);
      const { team } = await teamFor(call, teamId(call), "proxy_admin");
      const settings = settingsOf(team.metadata);
      for (const kind of KINDS) {
        if (callback_type != null && callback_type !== "success_and_failure" && callback_type !== kind) continue;
        const named = settings[`${kind}_callback`];
        if (named.includes(callback_name))
          throw new BadRequestError(
            `callback_name = ${callback_name} already exists in ${kind}_callback, for team_id = ${team.team_id}. \n Existing ${kind}_callback = ${pythonList(named)}`,
            { type: "bad_request_error", param: "callback_name" },
          );
        named.push(callback_name);
      }
      settings.callback_vars = mergeVariables(callback_name, settings.callback_vars, callback_vars);
      const updated = await save(call, team, { metadata: { ...team.metadata, callback_settings: settings } });
      return { status: "success", data: await freshTeamView(call, updated) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/team/:team_id{.+}/callback"],
    access: "view",
    summary: "The sinks of a team; credentials are not shown",
    tag: "teams",
    async handle(call) {
      const { team } = await teamFor(call, teamId(call), "looker");
      const settings = settingsOf(shownMetadata(team.metadata));
      return {
        status: "success",
        data: {
          team_id: team.team_id,
          success_callbacks: settings.success_callback,
          failure_callbacks: settings.failure_callback,
          callback_vars: settings.callback_vars,
        },
      };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/team/:team_id{.+}/disable_logging"],
    access: "admin",
    summary: "Report a team's calls to no sink of its own any more",
    tag: "teams",
    async handle(call) {
      const { team } = await teamFor(call, teamId(call), "proxy_admin");
      const settings = { ...settingsOf(team.metadata), success_callback: [], failure_callback: [] };
      await save(call, team, { metadata: { ...team.metadata, callback_settings: settings } });
      return {
        status: "success",
        message: `Logging disabled for team ${team.team_id}`,
        data: { team_id: team.team_id, success_callbacks: [], failure_callbacks: [] },
      };
    },
  }),
];

function teamId({ context }: AdminCall): string {
  return context.req.param("team_id") ?? "";
}

function settingsOf(metadata: Record<string, unknown>): CallbackSettings {
  const { success_callback, failure_callback, callback_vars } = asRecord(metadata["callback_settings"]);
  return {
    success_callback: stringsIn(success_callback),
    failure_callback: stringsIn(failure_callback),
    callback_vars: { ...asRecord(callback_vars) },
  };
}
