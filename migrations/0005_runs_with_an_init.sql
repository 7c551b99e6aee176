-- Runs keep what they began from: a model or checkpoint, the hash of its weights, and what became of its head.
--
-- Older code reads such runs, but an older worker begins them at random weights: end workers of older code before.

ALTER TABLE "runs" ADD COLUMN "init" jsonb;