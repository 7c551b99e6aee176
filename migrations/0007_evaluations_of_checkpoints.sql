-- Evaluations of checkpoints, and which run asked for one: its results are metrics of that run.
--
-- What was being cancelled is: there is no state between any more.
--
-- Older code runs against it, but an older worker fails evaluations of checkpoints and writes no metrics: end workers of older code before.

ALTER TABLE "evaluations" ALTER COLUMN "model_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "checkpoint_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "step" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "run_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_of_checkpoint" FOREIGN KEY ("project_id","checkpoint_id") REFERENCES "public"."checkpoints"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_of_run" FOREIGN KEY ("project_id","run_id") REFERENCES "public"."runs"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "evaluations_by_run" ON "evaluations" USING btree ("run_id","id");--> statement-breakpoint
UPDATE "evaluations" SET "step" = "models"."step" FROM "models" WHERE "models"."id" = "evaluations"."model_id";--> statement-breakpoint
UPDATE "evaluations" SET "run_id" = "runs"."id" FROM "runs" WHERE "runs"."evaluation" ->> 'id' = "evaluations"."id";--> statement-breakpoint
UPDATE "evaluations" SET "status" = 'cancelled', "finished_at" = now() WHERE "status" = 'cancelling';
