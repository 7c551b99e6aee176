-- A project can be deleted. What is left of it then, objects that are still to go and roll-ups of curves that go with them, names it
-- without a foreign key, as points of curves always have.
--
-- Models have metadata, as runs have. Older code may run beside it.

ALTER TABLE "removals" DROP CONSTRAINT "removals_project_id_projects_id_fk";
--> statement-breakpoint
ALTER TABLE "run_metric_rollups" DROP CONSTRAINT "run_metric_rollups_project_id_projects_id_fk";
--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "metadata" jsonb DEFAULT '{}'::jsonb NOT NULL;
