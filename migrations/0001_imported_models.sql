-- Models made of weights that were trained elsewhere: what they are made of, and uploads that belong to no dataset.
--
-- A null dataset_id takes an upload out of the foreign key to its dataset (MATCH SIMPLE), and so out of its cascade.
-- Code of the first schema reads and writes both tables as before.

ALTER TABLE "dataset_uploads" ALTER COLUMN "dataset_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "imported_from" jsonb;