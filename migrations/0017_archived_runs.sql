-- Runs that a user has put away, and the newest alarm of each. Older code may run beside it: the runs that it makes are not archived, and of the
-- alarms that its workers raise lists say nothing.

ALTER TABLE "runs" ADD COLUMN "last_alarm" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "archived" boolean DEFAULT false NOT NULL;