-- Files of requests and of answers, and the batches between them. A worker of before takes no such job; an API of before removes models
-- that batches still ask: those fail with that reason.

CREATE TABLE "batches" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"endpoint" text NOT NULL,
	"input_file_id" text NOT NULL,
	"model_id" text NOT NULL,
	"model_name" text NOT NULL,
	"window" text NOT NULL,
	"metadata" jsonb NOT NULL,
	"status" text NOT NULL,
	"attempt" integer NOT NULL,
	"counts" jsonb NOT NULL,
	"expected_bytes" bigint NOT NULL,
	"output_file_id" text,
	"error_file_id" text,
	"error" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finalizing_at" timestamp (3) with time zone,
	"cancelling_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "batches" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "files" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"purpose" text NOT NULL,
	"filename" text NOT NULL,
	"bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"lines" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "files" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "batches" ADD CONSTRAINT "batches_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "batches_by_project" ON "batches" USING btree ("project_id","id");--> statement-breakpoint
CREATE INDEX "batches_unfinished" ON "batches" USING btree ("id") WHERE "batches"."status" not in ('completed', 'failed', 'expired', 'cancelled');--> statement-breakpoint
CREATE INDEX "files_by_project" ON "files" USING btree ("project_id","id");--> statement-breakpoint
CREATE POLICY "own_project" ON "batches" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "files" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));