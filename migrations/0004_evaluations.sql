-- Evaluations of models as jobs with stored results, and the one that a run asks for of its own model.
--
-- Older code runs against it; an older worker that exports the model of such a run does not queue its evaluation, and an older
-- API process removes datasets that evaluations still read: those fail with that reason.

CREATE TABLE "evaluations" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text,
	"model_id" text NOT NULL,
	"dataset_id" text NOT NULL,
	"dataset_version" integer NOT NULL,
	"queries_id" text,
	"queries_version" integer,
	"protocols" jsonb,
	"settings" jsonb NOT NULL,
	"metadata" jsonb NOT NULL,
	"status" text NOT NULL,
	"attempt" integer NOT NULL,
	"progress" jsonb NOT NULL,
	"results" jsonb NOT NULL,
	"left_out" jsonb NOT NULL,
	"error" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "evaluations_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "evaluation" jsonb;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_of_model" FOREIGN KEY ("project_id","model_id") REFERENCES "public"."models"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "evaluations_by_model" ON "evaluations" USING btree ("model_id","id");--> statement-breakpoint
CREATE INDEX "evaluations_by_dataset" ON "evaluations" USING btree ("dataset_id","id");--> statement-breakpoint
CREATE INDEX "evaluations_by_results" ON "evaluations" USING gin ("results" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "evaluations_unfinished" ON "evaluations" USING btree ("id") WHERE "evaluations"."status" not in ('cancelled', 'succeeded', 'failed');