-- Who works where, and which tries of a piece of work came to nothing: failures are charged to the node that had them.
--
-- A point of a metric is written without a look for its run: the foreign key cost as much as the row. What it did besides, removing the
-- points of runs that go, a trigger does.
--
-- Older code runs against it; a worker of older code is not seen by the others, and retries what it fails by the rules of before.

CREATE TABLE "job_tries" (
	"subject" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"holder" text,
	"failures" jsonb NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"name" text PRIMARY KEY NOT NULL,
	"node" text NOT NULL,
	"machine" jsonb NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"started_at" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "run_metrics" DROP CONSTRAINT "run_metrics_of_run";
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "failures" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "job_tries" ADD CONSTRAINT "job_tries_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dataset_versions_open" ON "dataset_versions" USING btree ("created_at") WHERE "dataset_versions"."status" in ('queued', 'ingesting');--> statement-breakpoint
CREATE INDEX "models_exporting" ON "models" USING btree ("id") WHERE "models"."status" = 'exporting';
--> statement-breakpoint
-- By hand from here on: drizzle knows no triggers.
CREATE FUNCTION "remove_metrics_of_runs"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM "run_metrics" USING "removed" WHERE "run_metrics"."run_id" = "removed"."id";
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "runs_remove_metrics" AFTER DELETE ON "runs"
	REFERENCING OLD TABLE AS "removed" FOR EACH STATEMENT EXECUTE FUNCTION "remove_metrics_of_runs"();
