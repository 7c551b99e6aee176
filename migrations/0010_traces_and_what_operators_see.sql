-- The request that made a run, as W3C Trace Context writes it, so that what is done for the run days later belongs to its trace.
--
-- A webhook that was given up after five days of failures says so; `failing` was also what one is that has failed since a moment ago.

ALTER TABLE "runs" ADD COLUMN "traceparent" text;--> statement-breakpoint
UPDATE "webhooks" SET "disabled_reason" = 'given_up' WHERE "disabled_reason" = 'failing';
