-- When a run last went on after it was paused, had failed or was cancelled: its time is counted from there. Older code counts from its
-- start and may end such a run too early.

ALTER TABLE "runs" ADD COLUMN "resumed_at" timestamp (3) with time zone;