-- Who works where, and which tries of a piece of work came to nothing: failures are charged to the node that had them.
--
-- A point of a metric is written without a look for its run: the foreign key cost as much as the row. What it did besides, removing the
-- points of runs that go, a trigger does.
--
-- A log of what keys have changed, and what projects may have. Until now the admin keys of the first project were those of the whole
-- installation: they keep that, as a scope.
--
-- Models have versions of their names, and aliases; runs are forked and made longer: an older worker would begin a fork at random weights
-- and fail a run that was made longer, so end workers of older code before.
--
-- What is deleted and its objects are still to go (removals); checkpoints that a user keeps; an index for uploads that have expired. Models and
-- evaluations outlive the run, checkpoint and model that they name, so those are no foreign keys any more: code that inserts holds the
-- rows that it needs. An older worker knows no `keep`, and holds no model that is being deleted.
--
-- Webhooks and what is to be sent to them.
--
-- Sweeps, and the runs that are their trials.
--
-- Older code runs against it; a worker of older code is not seen by the others, and retries what it fails by the rules of before.
-- Older code writes no log and knows no quota.

CREATE TABLE "audit_entries" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "audit_entries_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
CREATE TABLE "job_tries" (
	"subject" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"holder" text,
	"failures" jsonb NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_aliases" (
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"alias" text NOT NULL,
	"model_id" text NOT NULL,
	"revision" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "model_aliases_project_id_name_alias_pk" PRIMARY KEY("project_id","name","alias")
);
--> statement-breakpoint
CREATE TABLE "model_names" (
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"last_version" integer NOT NULL,
	CONSTRAINT "model_names_project_id_name_pk" PRIMARY KEY("project_id","name")
);
--> statement-breakpoint
CREATE TABLE "removals" (
	"prefix" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"what" text NOT NULL,
	"subject" text NOT NULL,
	"multipart_id" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"tried_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sweeps" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text,
	"metadata" jsonb NOT NULL,
	"run" jsonb NOT NULL,
	"space" jsonb NOT NULL,
	"trials" jsonb NOT NULL,
	"objective" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sweeps_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"webhook_id" text NOT NULL,
	"event" text NOT NULL,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"status" text NOT NULL,
	"tries" integer NOT NULL,
	"next_try_at" timestamp (3) with time zone NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"tried_at" timestamp (3) with time zone,
	"response_status" integer,
	"response_body" text,
	"error" text,
	"duration_ms" integer,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"url" text NOT NULL,
	"events" text[] NOT NULL,
	"secret" text NOT NULL,
	"previous_secret" text,
	"previous_until" timestamp (3) with time zone,
	"disabled_reason" text,
	"disabled_at" timestamp (3) with time zone,
	"failing_since" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "webhooks_by_project" UNIQUE("project_id","id")
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
ALTER TABLE "evaluations" DROP CONSTRAINT "evaluations_of_model";
--> statement-breakpoint
ALTER TABLE "evaluations" DROP CONSTRAINT "evaluations_of_checkpoint";
--> statement-breakpoint
ALTER TABLE "evaluations" DROP CONSTRAINT "evaluations_against_model";
--> statement-breakpoint
ALTER TABLE "evaluations" DROP CONSTRAINT "evaluations_against_checkpoint";
--> statement-breakpoint
ALTER TABLE "evaluations" DROP CONSTRAINT "evaluations_of_run";
--> statement-breakpoint
ALTER TABLE "models" DROP CONSTRAINT "models_of_run";
--> statement-breakpoint
ALTER TABLE "models" DROP CONSTRAINT "models_of_checkpoint";
--> statement-breakpoint
ALTER TABLE "run_metrics" DROP CONSTRAINT "run_metrics_of_run";
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "keep" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "version" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_queued_runs" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_storage_bytes" bigint;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "sweep_id" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "trial" integer;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "forked_from" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "extensions" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "failures" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "job_tries" ADD CONSTRAINT "job_tries_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_aliases" ADD CONSTRAINT "model_aliases_of_model" FOREIGN KEY ("project_id","model_id") REFERENCES "public"."models"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_names" ADD CONSTRAINT "model_names_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "removals" ADD CONSTRAINT "removals_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sweeps" ADD CONSTRAINT "sweeps_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_of_webhook" FOREIGN KEY ("project_id","webhook_id") REFERENCES "public"."webhooks"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_by_actor" ON "audit_entries" USING btree ("project_id","actor","id");--> statement-breakpoint
CREATE INDEX "audit_entries_by_subject" ON "audit_entries" USING btree ("project_id","subject","id");--> statement-breakpoint
CREATE INDEX "model_aliases_by_model" ON "model_aliases" USING btree ("project_id","model_id");--> statement-breakpoint
CREATE INDEX "removals_by_due" ON "removals" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_by_webhook" ON "webhook_deliveries" USING btree ("webhook_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_pending" ON "webhook_deliveries" USING btree ("webhook_id","next_try_at") WHERE "webhook_deliveries"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_leased" ON "webhook_deliveries" USING btree ("leased_until") WHERE "webhook_deliveries"."leased_until" is not null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_ended" ON "webhook_deliveries" USING btree ("ended_at") WHERE "webhook_deliveries"."ended_at" is not null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_of_progress" ON "webhook_deliveries" USING btree ("webhook_id","subject","created_at") WHERE "webhook_deliveries"."event" = 'run.progress';--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_of_sweep" FOREIGN KEY ("project_id","sweep_id") REFERENCES "public"."sweeps"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dataset_uploads_unfinished" ON "dataset_uploads" USING btree ("expires_at") WHERE "dataset_uploads"."status" <> 'completed';--> statement-breakpoint
CREATE INDEX "dataset_versions_open" ON "dataset_versions" USING btree ("created_at") WHERE "dataset_versions"."status" in ('queued', 'ingesting');--> statement-breakpoint
CREATE INDEX "models_exporting" ON "models" USING btree ("id") WHERE "models"."status" = 'exporting';--> statement-breakpoint
CREATE UNIQUE INDEX "runs_by_sweep" ON "runs" USING btree ("sweep_id","trial") WHERE "runs"."sweep_id" is not null;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_by_version" UNIQUE("project_id","name","version");
--> statement-breakpoint
-- By hand: models that are there are numbered in the order in which they were made.
UPDATE "models" SET "version" = "numbered"."version" FROM (
	SELECT "id", row_number() OVER (PARTITION BY "project_id", "name" ORDER BY "id") AS "version" FROM "models" WHERE "name" IS NOT NULL
) AS "numbered" WHERE "models"."id" = "numbered"."id";--> statement-breakpoint
INSERT INTO "model_names" ("project_id", "name", "last_version")
SELECT "project_id", "name", max("version") FROM "models" WHERE "name" IS NOT NULL GROUP BY "project_id", "name";

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

--> statement-breakpoint
-- By hand.
UPDATE "api_keys" SET "scopes" = array_append("scopes", 'instance:admin')
WHERE 'admin' = any ("scopes") AND NOT 'instance:admin' = any ("scopes") AND "revoked_at" IS NULL
	AND "project_id" IN (SELECT "id" FROM "projects" WHERE "name" = 'default');
