-- A point of a metric is written without a look for its run: the foreign key cost as much as the row. What it did besides, removing the
-- points of runs that go, a trigger does. Older code reads and writes the table as before.

ALTER TABLE "run_metrics" DROP CONSTRAINT "run_metrics_of_run";
--> statement-breakpoint
-- By hand from here on: drizzle knows no triggers.
CREATE FUNCTION "remove_metrics_of_runs"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM "run_metrics" USING "removed" WHERE "run_metrics"."run_id" = "removed"."id";
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "runs_remove_metrics" AFTER DELETE ON "runs"
	REFERENCING OLD TABLE AS "removed" FOR EACH STATEMENT EXECUTE FUNCTION "remove_metrics_of_runs"();
