-- Evaluations that compare with another model or checkpoint, and those that tell images by their names.
--
-- Older code runs against it, but an older worker compares nothing and leaves such protocols out: end workers of older code before.

CREATE TABLE "ground_truths" (
	"evaluation_id" text PRIMARY KEY NOT NULL,
	"content" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "against_model_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "against_checkpoint_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "others" jsonb;--> statement-breakpoint
ALTER TABLE "ground_truths" ADD CONSTRAINT "ground_truths_evaluation_id_evaluations_id_fk" FOREIGN KEY ("evaluation_id") REFERENCES "public"."evaluations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_against_model" FOREIGN KEY ("project_id","against_model_id") REFERENCES "public"."models"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_against_checkpoint" FOREIGN KEY ("project_id","against_checkpoint_id") REFERENCES "public"."checkpoints"("project_id","id") ON DELETE no action ON UPDATE no action;