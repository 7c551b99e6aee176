-- Which images the prototypes of a model win, as an evaluation has seen them: counts in `evaluations.prototypes`, one row for each
-- prototype that wins an image in evaluation_prototypes. Older code may run beside it: what its workers measure has none.

CREATE TABLE "evaluation_prototypes" (
	"evaluation_id" text NOT NULL,
	"prototype" integer NOT NULL,
	"project_id" text NOT NULL,
	"usage" integer NOT NULL,
	"exemplars" jsonb NOT NULL,
	"labels" jsonb NOT NULL,
	CONSTRAINT "evaluation_prototypes_pkey" PRIMARY KEY("evaluation_id","prototype")
);
--> statement-breakpoint
ALTER TABLE "evaluation_prototypes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "prototypes" jsonb;--> statement-breakpoint
ALTER TABLE "evaluation_prototypes" ADD CONSTRAINT "evaluation_prototypes_of_evaluation" FOREIGN KEY ("project_id","evaluation_id") REFERENCES "public"."evaluations"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "evaluation_prototypes_by_usage" ON "evaluation_prototypes" USING btree ("evaluation_id","usage","prototype");--> statement-breakpoint
CREATE POLICY "own_project" ON "evaluation_prototypes" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));