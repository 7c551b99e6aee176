-- Embeddings of all images of a dataset version, as files and to be searched. What is searched lies in a table of its own for each set,
-- named by its id, which workers make and drop (src/storage/postgres/vector-store.ts). The extension pgvector is made beside every
-- migration where the server has it and the login may (src/storage/postgres/pgvector.ts). A worker of before takes no such job; an API of
-- before removes datasets and models that vector sets are still made of: those fail with that reason.

CREATE TABLE "vector_sets" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text,
	"model_id" text NOT NULL,
	"dataset_id" text NOT NULL,
	"dataset_version" integer NOT NULL,
	"dimensions" integer NOT NULL,
	"prototypes" integer,
	"index" text,
	"metadata" jsonb NOT NULL,
	"status" text NOT NULL,
	"attempt" integer NOT NULL,
	"progress" jsonb NOT NULL,
	"files" jsonb NOT NULL,
	"error" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "vector_sets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "vector_sets" ADD CONSTRAINT "vector_sets_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "vector_sets_by_project" ON "vector_sets" USING btree ("project_id","id");--> statement-breakpoint
CREATE INDEX "vector_sets_by_model" ON "vector_sets" USING btree ("model_id","id");--> statement-breakpoint
CREATE INDEX "vector_sets_by_dataset" ON "vector_sets" USING btree ("dataset_id","id");--> statement-breakpoint
CREATE INDEX "vector_sets_unfinished" ON "vector_sets" USING btree ("id") WHERE "vector_sets"."status" not in ('cancelled', 'succeeded', 'failed');--> statement-breakpoint
CREATE POLICY "own_project" ON "vector_sets" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));