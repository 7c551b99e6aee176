-- Runs say on how many devices they train, and what they were trained with; the device cuda, which nothing obeyed, is gpu now.
--
-- Older code reads and finishes such runs. What it queues after this has no number of devices and may name cuda, which no
-- worker of today's code serves: end API processes of older code before.

ALTER TABLE "runs" ADD COLUMN "engine" jsonb;--> statement-breakpoint
UPDATE "runs" SET "compute" = jsonb_build_object('devices', 1) || "compute" ||
	CASE "compute"->>'device' WHEN 'cuda' THEN '{"device": "gpu"}'::jsonb ELSE '{}'::jsonb END;
