-- The request that made a run, as W3C Trace Context writes it, so that what is done for the run days later belongs to its trace.
--
-- A webhook that was given up after five days of failures says so; `failing` was also what one is that has failed since a moment ago.
--
-- Curves are read from roll-ups, may be thinned after their run has ended, and go by and by when their run is deleted, not inside the
-- request: so the trigger that removed the points with the run goes. End workers of older code before: what they write again after a
-- checkpoint does not lower `rolled_to`.
--
-- What a project may have at once and in a minute (project_rates: how far it is ahead of that), and which checkpoints of its runs stay.
-- An API of before counts no requests and no pixels, and a worker of before minds no quota of devices and removes what `keep_best` would keep.
--
-- Row-level security, the second line of tenancy: whoever is not the tables' owner sees the rows of one project. The role that requests
-- act as is made beside every migration (src/storage/postgres/request-role.ts), since a restored dump brings no roles along. A reader of
-- your own who is not the owner, such as a dashboard's, sees nothing any more until it may: alter role … bypassrls.

CREATE TABLE "project_rates" (
	"project_id" text NOT NULL,
	"rate" text NOT NULL,
	"whole_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "project_rates_pkey" PRIMARY KEY("project_id","rate")
);
--> statement-breakpoint
ALTER TABLE "project_rates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "run_metric_rollups" (
	"run_id" text NOT NULL,
	"key" text NOT NULL,
	"size" integer NOT NULL,
	"step" integer NOT NULL,
	"low" double precision NOT NULL,
	"low_step" integer NOT NULL,
	"high" double precision NOT NULL,
	"high_step" integer NOT NULL,
	"project_id" text NOT NULL,
	CONSTRAINT "run_metric_rollups_pkey" PRIMARY KEY("run_id","key","size","step")
);
--> statement-breakpoint
ALTER TABLE "run_metric_rollups" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "audit_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "checkpoints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "dataset_uploads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "dataset_versions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "datasets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "evaluations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "ground_truths" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "idempotency_records" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "job_tries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "model_aliases" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "model_names" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "models" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "prototypes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "removals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "run_events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "run_metrics" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "runs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "sweeps" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhooks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_devices" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_requests_per_minute" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_pixels_per_minute" bigint;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "retention" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "traceparent" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "rolled_to" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "full_from" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "project_rates" ADD CONSTRAINT "project_rates_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_metric_rollups" ADD CONSTRAINT "run_metric_rollups_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "own_project" ON "api_keys" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "audit_entries" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "checkpoints" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "dataset_uploads" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "dataset_versions" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "datasets" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "evaluations" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "ground_truths" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "idempotency_records" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "job_tries" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "model_aliases" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "model_names" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "models" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "prototypes" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "removals" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "run_events" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "run_metrics" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "runs" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "sweeps" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "webhook_deliveries" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "webhooks" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "project_rates" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "run_metric_rollups" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));
--> statement-breakpoint
UPDATE "webhooks" SET "disabled_reason" = 'given_up' WHERE "disabled_reason" = 'failing';

--> statement-breakpoint
DROP TRIGGER "runs_remove_metrics" ON "runs";
--> statement-breakpoint
DROP FUNCTION "remove_metrics_of_runs"();
