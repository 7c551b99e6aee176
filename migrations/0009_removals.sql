-- What is deleted and its objects are still to go (removals); checkpoints that a user keeps; an index for uploads that have expired.
--
-- Models and evaluations outlive the run, checkpoint and model that they name, so those are no foreign keys any more: code that inserts
-- holds the rows that it needs.
--
-- Older code runs against it, but an older worker knows no `keep` and retires such checkpoints, and one that starts an evaluation or a
-- run holds no model, which may be deleted at that moment: end older processes before models are deleted.

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
ALTER TABLE "checkpoints" ADD COLUMN "keep" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "removals" ADD CONSTRAINT "removals_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "removals_by_due" ON "removals" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "dataset_uploads_unfinished" ON "dataset_uploads" USING btree ("expires_at") WHERE "dataset_uploads"."status" <> 'completed';