-- Runs that were made together, and what differs between them. Older code runs against it: its runs are of no sweep.
CREATE TABLE "sweeps" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text,
	"metadata" jsonb NOT NULL,
	"run" jsonb NOT NULL,
	"space" jsonb NOT NULL,
	"trials" jsonb NOT NULL,
	"objective" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sweeps_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "sweep_id" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "trial" integer;--> statement-breakpoint
ALTER TABLE "sweeps" ADD CONSTRAINT "sweeps_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_of_sweep" FOREIGN KEY ("project_id","sweep_id") REFERENCES "public"."sweeps"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "runs_by_sweep" ON "runs" USING btree ("sweep_id","trial") WHERE "runs"."sweep_id" is not null;