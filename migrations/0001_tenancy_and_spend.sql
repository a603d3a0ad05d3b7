CREATE TABLE `credentials` (
	`credential_id` text PRIMARY KEY NOT NULL,
	`credential_name` text NOT NULL,
	`credential_values` text NOT NULL,
	`credential_info` text DEFAULT '{}' NOT NULL,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `credentials_name` ON `credentials` (`credential_name`);--> statement-breakpoint
CREATE TABLE `models` (
	`model_id` text PRIMARY KEY NOT NULL,
	`model_name` text NOT NULL,
	`litellm_params` text DEFAULT '{}' NOT NULL,
	`model_info` text DEFAULT '{}' NOT NULL,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE INDEX `models_name` ON `models` (`model_name`);--> statement-breakpoint
CREATE TABLE `settings` (
	`param_name` text PRIMARY KEY NOT NULL,
	`param_value` text,
	`updated_at` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `versions` (
	`subject` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `daily_spend` (
	`day` text NOT NULL,
	`key_hash` text NOT NULL,
	`user_id` text NOT NULL,
	`team_id` text NOT NULL,
	`organization_id` text NOT NULL,
	`project_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`model` text NOT NULL,
	`model_group` text NOT NULL,
	`provider` text NOT NULL,
	`endpoint` text NOT NULL,
	`spend` integer NOT NULL,
	`prompt_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`total_tokens` integer NOT NULL,
	`cache_read_tokens` integer NOT NULL,
	`cache_creation_tokens` integer NOT NULL,
	`api_requests` integer NOT NULL,
	`successful_requests` integer NOT NULL,
	`failed_requests` integer NOT NULL,
	PRIMARY KEY(`day`, `key_hash`, `user_id`, `team_id`, `organization_id`, `project_id`, `customer_id`, `model`, `model_group`, `provider`, `endpoint`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `daily_tag_spend` (
	`day` text NOT NULL,
	`tag` text NOT NULL,
	`key_hash` text NOT NULL,
	`model` text NOT NULL,
	`model_group` text NOT NULL,
	`provider` text NOT NULL,
	`endpoint` text NOT NULL,
	`spend` integer NOT NULL,
	`prompt_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`total_tokens` integer NOT NULL,
	`cache_read_tokens` integer NOT NULL,
	`cache_creation_tokens` integer NOT NULL,
	`api_requests` integer NOT NULL,
	`successful_requests` integer NOT NULL,
	`failed_requests` integer NOT NULL,
	PRIMARY KEY(`day`, `tag`, `key_hash`, `model`, `model_group`, `provider`, `endpoint`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `spend_log_keys` (
	`key_hash` text NOT NULL,
	`slot` integer NOT NULL,
	PRIMARY KEY(`key_hash`, `slot`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `spend_logs` (
	`started_at` integer NOT NULL,
	`id` text NOT NULL,
	`call_id` text,
	`call_type` text NOT NULL,
	`key_hash` text NOT NULL,
	`key_alias` text,
	`user_id` text,
	`team_id` text,
	`organization_id` text,
	`project_id` text,
	`customer_id` text,
	`tags` text NOT NULL,
	`session_id` text,
	`model` text NOT NULL,
	`model_group` text NOT NULL,
	`deployment_id` text,
	`provider` text,
	`api_base` text,
	`stream` integer NOT NULL,
	`cache_hit` integer,
	`outcome` text NOT NULL,
	`status` integer NOT NULL,
	`error` text,
	`error_message` text,
	`prompt_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`total_tokens` integer NOT NULL,
	`cache_read_tokens` integer NOT NULL,
	`cache_creation_tokens` integer NOT NULL,
	`reasoning_tokens` integer NOT NULL,
	`audio_input_tokens` integer NOT NULL,
	`audio_output_tokens` integer NOT NULL,
	`cost` integer NOT NULL,
	`priced` integer NOT NULL,
	`estimated` integer NOT NULL,
	`first_content_at` integer,
	`ended_at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`retries` integer NOT NULL,
	`fallbacks` integer NOT NULL,
	`requester_ip` text,
	`metadata` text,
	`messages` text,
	`response` text,
	`payload_ref` text,
	PRIMARY KEY(`started_at`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `spend_logs_call` ON `spend_logs` (`call_id`) WHERE call_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `spend_logs_customer` ON `spend_logs` (`customer_id`,`started_at`) WHERE customer_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `spend_logs_session` ON `spend_logs` (`session_id`,`started_at`) WHERE session_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `access_groups` (
	`access_group_id` text PRIMARY KEY NOT NULL,
	`access_group_name` text NOT NULL,
	`description` text,
	`access_model_names` text DEFAULT '[]' NOT NULL,
	`access_mcp_server_ids` text DEFAULT '[]' NOT NULL,
	`access_agent_ids` text DEFAULT '[]' NOT NULL,
	`assigned_team_ids` text DEFAULT '[]' NOT NULL,
	`assigned_key_ids` text DEFAULT '[]' NOT NULL,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `access_groups_name` ON `access_groups` (`access_group_name`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` text PRIMARY KEY NOT NULL,
	`updated_at` text NOT NULL,
	`changed_by` text NOT NULL,
	`changed_by_api_key` text NOT NULL,
	`action` text NOT NULL,
	`table_name` text NOT NULL,
	`object_id` text NOT NULL,
	`before_value` text,
	`updated_values` text
);
--> statement-breakpoint
CREATE INDEX `audit_log_at` ON `audit_log` (`updated_at`);--> statement-breakpoint
CREATE INDEX `audit_log_object` ON `audit_log` (`object_id`);--> statement-breakpoint
CREATE TABLE `budgets` (
	`budget_id` text PRIMARY KEY NOT NULL,
	`max_budget` real,
	`soft_budget` real,
	`budget_duration` text,
	`budget_anchor` text,
	`max_parallel_requests` integer,
	`tpm_limit` integer,
	`rpm_limit` integer,
	`model_max_budget` text DEFAULT '{}' NOT NULL,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE TABLE `customers` (
	`user_id` text PRIMARY KEY NOT NULL,
	`alias` text,
	`blocked` integer DEFAULT false NOT NULL,
	`allowed_model_region` text,
	`default_model` text,
	`budget_id` text,
	`object_permission` text,
	`created_at` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `deleted_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`spend_nano` integer DEFAULT 0 NOT NULL,
	`deleted_at` text NOT NULL,
	`deleted_by` text,
	`deleted_by_api_key` text,
	`litellm_changed_by` text,
	`token` text NOT NULL,
	`scope_id` text NOT NULL,
	`key_name` text,
	`key_alias` text,
	`expires` text,
	`models` text DEFAULT '[]' NOT NULL,
	`aliases` text DEFAULT '{}' NOT NULL,
	`config` text DEFAULT '{}' NOT NULL,
	`router_settings` text,
	`user_id` text,
	`team_id` text,
	`agent_id` text,
	`project_id` text,
	`organization_id` text,
	`permissions` text DEFAULT '{}' NOT NULL,
	`metadata` text DEFAULT '{}' NOT NULL,
	`blocked` integer,
	`max_budget` real,
	`soft_budget` real,
	`budget_duration` text,
	`budget_anchor` text,
	`max_parallel_requests` integer,
	`tpm_limit` integer,
	`rpm_limit` integer,
	`model_max_budget` text DEFAULT '{}' NOT NULL,
	`allowed_cache_controls` text DEFAULT '[]' NOT NULL,
	`allowed_routes` text DEFAULT '[]' NOT NULL,
	`policies` text DEFAULT '[]' NOT NULL,
	`access_group_ids` text DEFAULT '[]' NOT NULL,
	`budget_id` text,
	`object_permission` text,
	`rotation_count` integer DEFAULT 0 NOT NULL,
	`auto_rotate` integer DEFAULT false NOT NULL,
	`rotation_interval` text,
	`last_rotation_at` text,
	`key_rotation_at` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE INDEX `deleted_keys_token` ON `deleted_keys` (`token`);--> statement-breakpoint
CREATE INDEX `deleted_keys_at` ON `deleted_keys` (`deleted_at`);--> statement-breakpoint
CREATE TABLE `deleted_teams` (
	`id` text PRIMARY KEY NOT NULL,
	`spend_nano` integer DEFAULT 0 NOT NULL,
	`deleted_at` text NOT NULL,
	`deleted_by` text,
	`deleted_by_api_key` text,
	`litellm_changed_by` text,
	`team_id` text NOT NULL,
	`members_with_roles` text DEFAULT '[]' NOT NULL,
	`team_alias` text,
	`organization_id` text,
	`metadata` text DEFAULT '{}' NOT NULL,
	`models` text DEFAULT '[]' NOT NULL,
	`max_budget` real,
	`soft_budget` real,
	`budget_duration` text,
	`budget_anchor` text,
	`max_parallel_requests` integer,
	`tpm_limit` integer,
	`rpm_limit` integer,
	`model_max_budget` text DEFAULT '{}' NOT NULL,
	`model_aliases` text DEFAULT '{}' NOT NULL,
	`blocked` integer DEFAULT false NOT NULL,
	`router_settings` text,
	`team_member_permissions` text DEFAULT '[]' NOT NULL,
	`access_group_ids` text DEFAULT '[]' NOT NULL,
	`policies` text DEFAULT '[]' NOT NULL,
	`object_permission` text,
	`team_member_budget_id` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE INDEX `deleted_teams_team` ON `deleted_teams` (`team_id`);--> statement-breakpoint
CREATE INDEX `deleted_teams_at` ON `deleted_teams` (`deleted_at`);--> statement-breakpoint
CREATE TABLE `deprecated_keys` (
	`token` text PRIMARY KEY NOT NULL,
	`active_token` text NOT NULL,
	`revoke_at` text NOT NULL,
	`created_at` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `keys` (
	`token` text PRIMARY KEY NOT NULL,
	`scope_id` text NOT NULL,
	`key_name` text,
	`key_alias` text,
	`expires` text,
	`models` text DEFAULT '[]' NOT NULL,
	`aliases` text DEFAULT '{}' NOT NULL,
	`config` text DEFAULT '{}' NOT NULL,
	`router_settings` text,
	`user_id` text,
	`team_id` text,
	`agent_id` text,
	`project_id` text,
	`organization_id` text,
	`permissions` text DEFAULT '{}' NOT NULL,
	`metadata` text DEFAULT '{}' NOT NULL,
	`blocked` integer,
	`max_budget` real,
	`soft_budget` real,
	`budget_duration` text,
	`budget_anchor` text,
	`max_parallel_requests` integer,
	`tpm_limit` integer,
	`rpm_limit` integer,
	`model_max_budget` text DEFAULT '{}' NOT NULL,
	`allowed_cache_controls` text DEFAULT '[]' NOT NULL,
	`allowed_routes` text DEFAULT '[]' NOT NULL,
	`policies` text DEFAULT '[]' NOT NULL,
	`access_group_ids` text DEFAULT '[]' NOT NULL,
	`budget_id` text,
	`object_permission` text,
	`rotation_count` integer DEFAULT 0 NOT NULL,
	`auto_rotate` integer DEFAULT false NOT NULL,
	`rotation_interval` text,
	`last_rotation_at` text,
	`key_rotation_at` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `keys_alias` ON `keys` (`key_alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `keys_scope` ON `keys` (`scope_id`);--> statement-breakpoint
CREATE INDEX `keys_user` ON `keys` (`user_id`);--> statement-breakpoint
CREATE INDEX `keys_team` ON `keys` (`team_id`);--> statement-breakpoint
CREATE INDEX `keys_rotation` ON `keys` (`key_rotation_at`);--> statement-breakpoint
CREATE TABLE `organization_members` (
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`user_role` text,
	`budget_id` text,
	`created_at` text NOT NULL,
	`updated_at` text NOT NULL,
	PRIMARY KEY(`organization_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `organization_members_user` ON `organization_members` (`user_id`);--> statement-breakpoint
CREATE TABLE `organizations` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`organization_alias` text NOT NULL,
	`budget_id` text NOT NULL,
	`metadata` text DEFAULT '{}' NOT NULL,
	`models` text DEFAULT '[]' NOT NULL,
	`blocked` integer DEFAULT false NOT NULL,
	`object_permission` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE INDEX `organizations_alias` ON `organizations` (`organization_alias`);--> statement-breakpoint
CREATE TABLE `projects` (
	`project_id` text PRIMARY KEY NOT NULL,
	`project_alias` text,
	`description` text,
	`team_id` text,
	`budget_id` text,
	`metadata` text DEFAULT '{}' NOT NULL,
	`models` text DEFAULT '[]' NOT NULL,
	`model_rpm_limit` text DEFAULT '{}' NOT NULL,
	`model_tpm_limit` text DEFAULT '{}' NOT NULL,
	`blocked` integer DEFAULT false NOT NULL,
	`object_permission` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE INDEX `projects_team` ON `projects` (`team_id`);--> statement-breakpoint
CREATE TABLE `scope_spend` (
	`scope` text PRIMARY KEY NOT NULL,
	`total_nano` integer NOT NULL,
	`window_nano` integer NOT NULL,
	`window_start` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tags` (
	`tag_name` text PRIMARY KEY NOT NULL,
	`description` text,
	`models` text DEFAULT '[]' NOT NULL,
	`model_info` text,
	`budget_id` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE TABLE `team_members` (
	`team_id` text NOT NULL,
	`user_id` text NOT NULL,
	`user_email` text,
	`role` text NOT NULL,
	`budget_id` text,
	`created_at` text NOT NULL,
	PRIMARY KEY(`team_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `team_members_user` ON `team_members` (`user_id`);--> statement-breakpoint
CREATE TABLE `teams` (
	`team_id` text PRIMARY KEY NOT NULL,
	`team_alias` text,
	`organization_id` text,
	`metadata` text DEFAULT '{}' NOT NULL,
	`models` text DEFAULT '[]' NOT NULL,
	`max_budget` real,
	`soft_budget` real,
	`budget_duration` text,
	`budget_anchor` text,
	`max_parallel_requests` integer,
	`tpm_limit` integer,
	`rpm_limit` integer,
	`model_max_budget` text DEFAULT '{}' NOT NULL,
	`model_aliases` text DEFAULT '{}' NOT NULL,
	`blocked` integer DEFAULT false NOT NULL,
	`router_settings` text,
	`team_member_permissions` text DEFAULT '[]' NOT NULL,
	`access_group_ids` text DEFAULT '[]' NOT NULL,
	`policies` text DEFAULT '[]' NOT NULL,
	`object_permission` text,
	`team_member_budget_id` text,
	`created_at` text NOT NULL,
	`created_by` text,
	`updated_at` text NOT NULL,
	`updated_by` text
);
--> statement-breakpoint
CREATE INDEX `teams_organization` ON `teams` (`organization_id`);--> statement-breakpoint
CREATE INDEX `teams_alias` ON `teams` (`team_alias`);--> statement-breakpoint
CREATE TABLE `users` (
	`user_id` text PRIMARY KEY NOT NULL,
	`user_alias` text,
	`user_email` text,
	`user_role` text,
	`sso_user_id` text,
	`models` text DEFAULT '[]' NOT NULL,
	`metadata` text DEFAULT '{}' NOT NULL,
	`max_budget` real,
	`soft_budget` real,
	`budget_duration` text,
	`budget_anchor` text,
	`max_parallel_requests` integer,
	`tpm_limit` integer,
	`rpm_limit` integer,
	`model_max_budget` text DEFAULT '{}' NOT NULL,
	`allowed_cache_controls` text DEFAULT '[]' NOT NULL,
	`policies` text DEFAULT '[]' NOT NULL,
	`object_permission` text,
	`created_at` text NOT NULL,
	`updated_at` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_sso` ON `users` (`sso_user_id`);--> statement-breakpoint
CREATE INDEX `users_email` ON `users` (`user_email`);