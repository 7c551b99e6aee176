-- Row-level security, the second line of tenancy: whoever is not the tables' owner sees the rows of one project. The role that requests
-- act as is made beside every migration (src/storage/postgres/request-role.ts), since a restored dump brings no roles along.
--
-- Older code is the owner, and runs against it as before. A reader of your own who is not, such as a dashboard's, sees nothing any more
-- until it may: alter role … bypassrls.
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "audit_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "checkpoints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "dataset_uploads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "dataset_versions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "datasets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "evaluations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "ground_truths" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "idempotency_records" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "job_tries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "model_aliases" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "model_names" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "models" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "prototypes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "removals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "run_events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "run_metrics" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "runs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "sweeps" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhooks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "own_project" ON "api_keys" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "audit_entries" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "checkpoints" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "dataset_uploads" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "dataset_versions" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "datasets" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "evaluations" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "ground_truths" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "idempotency_records" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "job_tries" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "model_aliases" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "model_names" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "models" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "prototypes" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "removals" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "run_events" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "run_metrics" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "runs" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "sweeps" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "webhook_deliveries" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));--> statement-breakpoint
CREATE POLICY "own_project" ON "webhooks" AS PERMISSIVE FOR ALL TO public USING (project_id = (select current_setting('kappa.project', true)));