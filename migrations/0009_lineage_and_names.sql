-- Where a run goes on from: the checkpoint that a fork has begun at, and how often a run was made longer. Models are numbered by name,
-- and aliases say which number is meant.
--
-- Older code runs against it, but an older worker begins a fork at random weights, and fails a run that was made longer: end workers of
-- older code before. A model that older code makes has no version.

CREATE TABLE "model_aliases" (
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"alias" text NOT NULL,
	"model_id" text NOT NULL,
	"revision" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "model_aliases_project_id_name_alias_pk" PRIMARY KEY("project_id","name","alias")
);
--> statement-breakpoint
CREATE TABLE "model_names" (
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"last_version" integer NOT NULL,
	CONSTRAINT "model_names_project_id_name_pk" PRIMARY KEY("project_id","name")
);
--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "version" integer;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "forked_from" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "extensions" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "model_aliases" ADD CONSTRAINT "model_aliases_of_model" FOREIGN KEY ("project_id","model_id") REFERENCES "public"."models"("project_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_names" ADD CONSTRAINT "model_names_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "model_aliases_by_model" ON "model_aliases" USING btree ("project_id","model_id");--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_by_version" UNIQUE("project_id","name","version");--> statement-breakpoint
-- By hand: models that are there are numbered in the order in which they were made.
UPDATE "models" SET "version" = "numbered"."version" FROM (
	SELECT "id", row_number() OVER (PARTITION BY "project_id", "name" ORDER BY "id") AS "version" FROM "models" WHERE "name" IS NOT NULL
) AS "numbered" WHERE "models"."id" = "numbered"."id";--> statement-breakpoint
INSERT INTO "model_names" ("project_id", "name", "last_version")
SELECT "project_id", "name", max("version") FROM "models" WHERE "name" IS NOT NULL GROUP BY "project_id", "name";
