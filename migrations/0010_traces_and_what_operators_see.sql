-- The request that made a run, as W3C Trace Context writes it, so that what is done for the run days later belongs to its trace.

ALTER TABLE "runs" ADD COLUMN "traceparent" text;
