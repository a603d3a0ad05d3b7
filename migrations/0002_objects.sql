CREATE TABLE `objects` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`owner` text NOT NULL,
	`created_by` text,
	`deployment_id` text,
	`provider` text,
	`provider_id` text,
	`model` text,
	`body` text,
	`state` text,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `objects_owner` ON `objects` (`owner`,`kind`,`created_at`);--> statement-breakpoint
CREATE INDEX `objects_expires` ON `objects` (`expires_at`);--> statement-breakpoint
CREATE TABLE `stored_responses` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`content` text,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `stored_responses_expires` ON `stored_responses` (`expires_at`);