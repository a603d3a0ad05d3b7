CREATE TABLE `key_successors` (
	`token` text PRIMARY KEY NOT NULL,
	`scope_id` text NOT NULL,
	`successor_token` text NOT NULL,
	`key_name` text NOT NULL,
	`sealed` text NOT NULL,
	`made_at` text NOT NULL,
	`retire_at` text
);
--> statement-breakpoint
CREATE INDEX `key_successors_retire` ON `key_successors` (`retire_at`);