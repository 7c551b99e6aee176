-- The first schema: everything the journey from POST /v1/runs to a served model writes down.
--
-- Every table carries project_id. Children repeat it in a foreign key of two columns, (project_id, parent_id), so a row
-- can never hang under another tenant's parent, whatever the code above does. The unique constraint that such a key
-- needs, (project_id, id), is also the index of the newest-first lists: ids sort by time.
--
-- There is no older code that could run against it.

CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"scopes" text[] NOT NULL,
	"secret_hash" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"run_id" text NOT NULL,
	"step" integer NOT NULL,
	"epoch" integer NOT NULL,
	"lease_epoch" integer NOT NULL,
	"prefix" text NOT NULL,
	"files" jsonb NOT NULL,
	"bytes" bigint NOT NULL,
	"state_hash" text NOT NULL,
	"status" text NOT NULL,
	"metrics" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "checkpoints_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
CREATE TABLE "dataset_uploads" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"dataset_id" text NOT NULL,
	"filename" text NOT NULL,
	"bytes" bigint NOT NULL,
	"status" text NOT NULL,
	"object_key" text NOT NULL,
	"multipart_id" text NOT NULL,
	"part_bytes" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dataset_versions" (
	"dataset_id" text NOT NULL,
	"version" integer NOT NULL,
	"project_id" text NOT NULL,
	"status" text NOT NULL,
	"source" jsonb NOT NULL,
	"prefix" text NOT NULL,
	"images" integer NOT NULL,
	"bytes" bigint NOT NULL,
	"rejected" integer NOT NULL,
	"duplicates" integer NOT NULL,
	"classes" jsonb,
	"content_hash" text,
	"sizes" jsonb NOT NULL,
	"progress" jsonb NOT NULL,
	"error" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ready_at" timestamp (3) with time zone,
	CONSTRAINT "dataset_versions_pkey" PRIMARY KEY("dataset_id","version")
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"metadata" jsonb NOT NULL,
	"latest_version" integer,
	"last_version" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "datasets_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
CREATE TABLE "idempotency_records" (
	"project_id" text NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"response" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_records_pkey" PRIMARY KEY("project_id","route","key")
);
--> statement-breakpoint
CREATE TABLE "models" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text,
	"run_id" text,
	"checkpoint_id" text,
	"step" integer NOT NULL,
	"status" text NOT NULL,
	"config" jsonb,
	"prefix" text NOT NULL,
	"files" jsonb NOT NULL,
	"verification" jsonb,
	"error" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ready_at" timestamp (3) with time zone,
	CONSTRAINT "models_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "projects_by_name" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "prototypes" (
	"model_id" text NOT NULL,
	"index" integer NOT NULL,
	"project_id" text NOT NULL,
	"kappa" double precision NOT NULL,
	"expected_cosine" double precision NOT NULL,
	"log_normalizer" double precision NOT NULL,
	"usage" integer,
	"mean_probability" double precision,
	"nearest" jsonb NOT NULL,
	"duplicates_of" integer,
	CONSTRAINT "prototypes_pkey" PRIMARY KEY("model_id","index")
);
--> statement-breakpoint
CREATE TABLE "run_events" (
	"run_id" text NOT NULL,
	"seq" integer NOT NULL,
	"project_id" text NOT NULL,
	"type" text NOT NULL,
	"level" text NOT NULL,
	"data" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "run_events_pkey" PRIMARY KEY("run_id","seq")
);
--> statement-breakpoint
CREATE TABLE "run_metrics" (
	"run_id" text NOT NULL,
	"key" text NOT NULL,
	"step" integer NOT NULL,
	"value" double precision NOT NULL,
	"project_id" text NOT NULL,
	CONSTRAINT "run_metrics_pkey" PRIMARY KEY("run_id","key","step")
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text,
	"dataset_id" text NOT NULL,
	"dataset_version" integer NOT NULL,
	"recipe" jsonb NOT NULL,
	"compute" jsonb NOT NULL,
	"checkpoint" jsonb NOT NULL,
	"alarms" jsonb NOT NULL,
	"metadata" jsonb NOT NULL,
	"status" text NOT NULL,
	"status_reason" text,
	"desired" text NOT NULL,
	"lease_epoch" integer NOT NULL,
	"lease_worker" text,
	"lease_expires_at" timestamp (3) with time zone,
	"leg" integer NOT NULL,
	"attempt" integer NOT NULL,
	"progress" jsonb NOT NULL,
	"images_per_second" double precision,
	"eta_s" double precision,
	"latest_checkpoint_id" text,
	"model_id" text,
	"error" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"last_event_seq" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "runs_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkpoints" ADD CONSTRAINT "checkpoints_of_run" FOREIGN KEY ("project_id","run_id") REFERENCES "public"."runs"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_uploads" ADD CONSTRAINT "dataset_uploads_of_dataset" FOREIGN KEY ("project_id","dataset_id") REFERENCES "public"."datasets"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_versions" ADD CONSTRAINT "dataset_versions_of_dataset" FOREIGN KEY ("project_id","dataset_id") REFERENCES "public"."datasets"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "datasets" ADD CONSTRAINT "datasets_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_records" ADD CONSTRAINT "idempotency_records_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_of_run" FOREIGN KEY ("project_id","run_id") REFERENCES "public"."runs"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_of_checkpoint" FOREIGN KEY ("project_id","checkpoint_id") REFERENCES "public"."checkpoints"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prototypes" ADD CONSTRAINT "prototypes_of_model" FOREIGN KEY ("project_id","model_id") REFERENCES "public"."models"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_events" ADD CONSTRAINT "run_events_of_run" FOREIGN KEY ("project_id","run_id") REFERENCES "public"."runs"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_metrics" ADD CONSTRAINT "run_metrics_of_run" FOREIGN KEY ("project_id","run_id") REFERENCES "public"."runs"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "checkpoints_by_run" ON "checkpoints" USING btree ("project_id","run_id","id");--> statement-breakpoint
CREATE INDEX "checkpoints_by_step" ON "checkpoints" USING btree ("run_id","step");--> statement-breakpoint
CREATE INDEX "dataset_uploads_by_dataset" ON "dataset_uploads" USING btree ("project_id","dataset_id");--> statement-breakpoint
CREATE INDEX "idempotency_records_by_age" ON "idempotency_records" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "idempotency_records_unanswered" ON "idempotency_records" USING btree ("created_at") WHERE "idempotency_records"."response" is null;--> statement-breakpoint
CREATE INDEX "models_by_checkpoint" ON "models" USING btree ("checkpoint_id");--> statement-breakpoint
CREATE INDEX "prototypes_by_kappa" ON "prototypes" USING btree ("model_id","kappa","index");--> statement-breakpoint
CREATE INDEX "prototypes_by_usage" ON "prototypes" USING btree ("model_id",coalesce("usage", -1),"index");--> statement-breakpoint
CREATE INDEX "runs_by_project_and_status" ON "runs" USING btree ("project_id","status","id");--> statement-breakpoint
CREATE INDEX "runs_by_dataset" ON "runs" USING btree ("dataset_id");--> statement-breakpoint
CREATE INDEX "runs_by_metadata" ON "runs" USING gin ("metadata" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "runs_unfinished" ON "runs" USING btree ("id") WHERE "runs"."status" not in ('cancelled', 'succeeded', 'failed');