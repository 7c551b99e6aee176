-- Evaluations that compare with another model or checkpoint, and those that tell images by their names. When a run last went on after
-- it was paused, had failed or was cancelled: its time is counted from there.
--
-- Older code runs against it, but an older worker compares nothing, leaves such protocols out, and may end a run that went on too early:
-- end workers of older code before.

CREATE TABLE "ground_truths" (
	"evaluation_id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"content" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "against_model_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "against_checkpoint_id" text;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "others" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "resumed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "ground_truths" ADD CONSTRAINT "ground_truths_of_evaluation" FOREIGN KEY ("project_id","evaluation_id") REFERENCES "public"."evaluations"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_against_model" FOREIGN KEY ("project_id","against_model_id") REFERENCES "public"."models"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_against_checkpoint" FOREIGN KEY ("project_id","against_checkpoint_id") REFERENCES "public"."checkpoints"("project_id","id") ON DELETE no action ON UPDATE no action;