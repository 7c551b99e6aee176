-- A log of what keys have changed, and what projects may have. Until now the admin keys of the first project were those of the whole
-- installation: they keep that, as a scope.
--
-- Older code runs against it; it writes no log, knows no quota, and does not take the new scope for more than it knew.

CREATE TABLE "audit_entries" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "audit_entries_by_project" UNIQUE("project_id","id")
);
--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_queued_runs" integer;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "quota_storage_bytes" bigint;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_by_actor" ON "audit_entries" USING btree ("project_id","actor","id");--> statement-breakpoint
CREATE INDEX "audit_entries_by_subject" ON "audit_entries" USING btree ("project_id","subject","id");--> statement-breakpoint
-- By hand.
UPDATE "api_keys" SET "scopes" = array_append("scopes", 'instance:admin')
WHERE 'admin' = any ("scopes") AND NOT 'instance:admin' = any ("scopes") AND "revoked_at" IS NULL
	AND "project_id" IN (SELECT "id" FROM "projects" WHERE "name" = 'default');
