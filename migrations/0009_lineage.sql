-- Where a run goes on from: the checkpoint that a fork has begun at, and how often a run was made longer.
--
-- Older code runs against it, but an older worker begins a fork at random weights, and fails a run that was made longer: end workers of
-- older code before.

ALTER TABLE "runs" ADD COLUMN "forked_from" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "extensions" jsonb DEFAULT '[]'::jsonb NOT NULL;