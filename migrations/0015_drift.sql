-- Which models have what they serve counted, and the counts, window by window. Both go with their model. Older code runs beside it, and what it
-- serves is not counted.

CREATE TABLE "drift_watches" (
	"model_id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"is_enabled" boolean NOT NULL,
	"window_images" integer NOT NULL,
	"psi_over" double precision NOT NULL,
	"low_density_over" double precision NOT NULL,
	"over_since" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "drift_watches" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "drift_windows" (
	"model_id" text NOT NULL,
	"number" integer NOT NULL,
	"project_id" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"is_over" boolean,
	"images" integer NOT NULL,
	"prototypes" jsonb NOT NULL,
	"densities" integer NOT NULL,
	"below_p1" integer NOT NULL,
	"below_p5" integer NOT NULL,
	CONSTRAINT "drift_windows_pkey" PRIMARY KEY("model_id","number")
);
--> statement-breakpoint
ALTER TABLE "drift_windows" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "drift_watches" ADD CONSTRAINT "drift_watches_of_model" FOREIGN KEY ("project_id","model_id") REFERENCES "public"."models"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_windows" ADD CONSTRAINT "drift_windows_of_model" FOREIGN KEY ("project_id","model_id") REFERENCES "public"."models"("project_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "own_project" ON "drift_watches" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "drift_windows" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));