-- Evaluations that compare with another model or checkpoint.
--
-- Older code runs against it, but an older worker compares nothing: end workers of older code before.

ALTER TABLE "evaluations" ADD COLUMN "against_model_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "against_checkpoint_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_against_model" FOREIGN KEY ("project_id","against_model_id") REFERENCES "public"."models"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_against_checkpoint" FOREIGN KEY ("project_id","against_checkpoint_id") REFERENCES "public"."checkpoints"("project_id","id") ON DELETE no action ON UPDATE no action;