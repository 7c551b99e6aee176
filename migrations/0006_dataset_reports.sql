-- What the images of a version are like, and why a run's recipe is as it is. Older code reads and writes both tables as before; what it
-- ingests has no report, and what it queues no reasons.

ALTER TABLE "dataset_versions" ADD COLUMN "report" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "recipe_reasons" jsonb DEFAULT '[]'::jsonb NOT NULL;