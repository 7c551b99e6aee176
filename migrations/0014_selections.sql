-- Versions that are made of chosen images of another one. `selected` has the numbers of images that a user has named, and is null for every
-- other version: nothing is rewritten. An API of before shows no such version and answers 500 for a page that has one; a worker of before
-- fails it, as a source that it cannot read.

ALTER TABLE "dataset_versions" ADD COLUMN "selected" integer[];