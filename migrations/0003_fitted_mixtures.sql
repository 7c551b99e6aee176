-- Two views of a prototype: kappa, how precisely the teacher assigns, and what the mixture fitted to the training images measures.
--
-- expected_cosine followed from kappa and was read as a distance of images, which it is not. Older workers write it: their
-- exports fail for good after this, so end workers and API processes of older code before.

ALTER TABLE "prototypes" DROP COLUMN "expected_cosine";--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "mixture" jsonb;--> statement-breakpoint
ALTER TABLE "prototypes" ADD COLUMN "fitted" jsonb;--> statement-breakpoint
ALTER TABLE "prototypes" ADD COLUMN "fitted_kappa" double precision;--> statement-breakpoint
CREATE INDEX "prototypes_by_fitted_kappa" ON "prototypes" USING btree ("model_id","fitted_kappa","index");