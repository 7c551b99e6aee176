-- When the drift of a model was last switched on: what was served before is not counted. Older code may run beside it: of what it switches on
-- nothing is known, and all is counted as before.

ALTER TABLE "drift_watches" ADD COLUMN "enabled_at" timestamp (3) with time zone;