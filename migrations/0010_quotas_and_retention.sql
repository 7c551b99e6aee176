-- What a project may have at once and in a minute (project_rates: how far it is ahead of that), and which checkpoints of its runs stay.
--
-- Older code runs against it: an API of before counts no requests and no pixels, and a worker of before minds no quota of devices and
-- removes what `keep_best` would keep, so end workers of older code before such a policy or quota is set.

CREATE TABLE "project_rates" (
	"project_id" text NOT NULL,
	"rate" text NOT NULL,
	"whole_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "project_rates_pkey" PRIMARY KEY("project_id","rate")
);
--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_devices" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_requests_per_minute" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_pixels_per_minute" bigint;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "retention" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "project_rates" ADD CONSTRAINT "project_rates_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;