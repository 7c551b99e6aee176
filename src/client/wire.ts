/** The API's types. Written by `npm run openapi`; not edited. */

export interface paths {
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List keys, newest first
         * @description Needs the scope `admin`.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Make an API key
         * @description The key itself is in this answer and nowhere else. It has no scope that the asking key lacks, and does not outlive it (403).
         *
         *     Needs the scope `admin`.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a key, without its secret
         * @description Needs the scope `admin`.
         */
        get: operations["getKey"];
        put?: never;
        post?: never;
        /**
         * Revoke a key
         * @description At once in the process that answers, within 5 seconds in others; event streams of the key end. The key stays in the list. The last admin key that does not run out is not revoked (409).
         *
         *     Needs the scope `admin`.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        /**
         * Rename a key
         * @description Also one that was revoked or has run out. What it may, and until when, never changes: make another key.
         *
         *     Needs the scope `admin`.
         */
        patch: operations["updateKey"];
        trace?: never;
    };
    "/v1/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List workers
         * @description Those heard of within the last day: where they run, what they train with, and whether they take work. One that ended as it was told is not among them.
         *
         *     Needs the scope `admin`.
         */
        get: operations["listWorkers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List who changed what, newest first
         * @description An entry is written in the transaction of the change. What workers do with it is in the events of a run; what only computes, such as embeddings, is not listed.
         *
         *     Needs the scope `admin`.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List projects, newest first
         * @description All of them for admins of the installation, for others their own.
         *
         *     Needs the scope `admin`.
         */
        get: operations["listProjects"];
        put?: never;
        /**
         * Make a project
         * @description For admins of the installation. Nobody can use it before it has a key.
         *
         *     Needs the scope `instance:admin`.
         */
        post: operations["createProject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a project, with what it uses and what it may have
         * @description Needs the scope `admin`.
         */
        get: operations["getProject"];
        put?: never;
        post?: never;
        /**
         * Delete a project with its keys and webhooks, and with what is in it where that is said
         * @description For admins of the installation. Refused while something is in it (409 with counts), unless `contents=delete` says that it all shall go, and then while any of it is worked on. Its keys open nothing any more, at once in the process that answers and within 5 seconds in others. Its audit log goes over to the project of who deletes it. One does not delete the own project, nor the one that an installation begins with.
         *
         *     Needs the scope `instance:admin`.
         */
        delete: operations["deleteProject"];
        options?: never;
        head?: never;
        /**
         * Rename a project, or change its quotas and which checkpoints stay
         * @description For admins of the installation. A quota below what is used refuses more and takes nothing away.
         *
         *     Needs the scope `instance:admin`.
         */
        patch: operations["updateProject"];
        trace?: never;
    };
    "/v1/projects/{id}:stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel everything in a project that has not ended
         * @description For admins of the installation. Runs but those that are paused, evaluations, exports, imports and versions that are being made, each as by its own `:cancel`; workers stop within seconds. What its keys queue afterwards is not stopped.
         *
         *     Needs the scope `instance:admin`.
         */
        post: operations["stopProject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{id}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a project's keys, newest first
         * @description Needs the scope `admin`.
         */
        get: operations["listProjectKeys"];
        put?: never;
        /**
         * Make a key of a project
         * @description For admins of the installation: a new project's first admin key. With that, POST /v1/keys makes the rest.
         *
         *     Needs the scope `instance:admin`.
         */
        post: operations["createProjectKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List datasets, newest first
         * @description Needs the scope `datasets:read`.
         */
        get: operations["listDatasets"];
        put?: never;
        /**
         * Make a dataset
         * @description Needs the scope `datasets:write`.
         */
        post: operations["createDataset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a dataset
         * @description Needs the scope `datasets:read`.
         */
        get: operations["getDataset"];
        put?: never;
        post?: never;
        /**
         * Delete a dataset with its versions, uploads and images
         * @description Refused while a run or an evaluation that needs it has not ended.
         *
         *     Needs the scope `datasets:write`.
         */
        delete: operations["deleteDataset"];
        options?: never;
        head?: never;
        /**
         * Rename a dataset, change its metadata
         * @description What is left out stays.
         *
         *     Needs the scope `datasets:write`.
         */
        patch: operations["updateDataset"];
        trace?: never;
    };
    "/v1/datasets/{id}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List uploads of a dataset, newest first
         * @description Needs the scope `datasets:read`.
         */
        get: operations["listUploads"];
        put?: never;
        /**
         * Start to upload a file
         * @description PUT each part to its URL, keep the ETags, then complete the upload with them.
         *
         *     Needs the scope `datasets:write`.
         */
        post: operations["createUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/uploads/{upload_id}:complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put the parts of an upload together
         * @description Needs the scope `datasets:write`.
         */
        post: operations["completeUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/uploads/{upload_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an upload
         * @description Also one that was not completed. Refused while a version is made of it.
         *
         *     Needs the scope `datasets:write`.
         */
        delete: operations["deleteUpload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List versions, newest first
         * @description Needs the scope `datasets:read`.
         */
        get: operations["listDatasetVersions"];
        put?: never;
        /**
         * Make a version from uploads or a folder of the bucket
         * @description Queues the work; the version is ready, or failed with a reason, when it is done.
         *
         *     Needs the scope `datasets:write`.
         */
        post: operations["createDatasetVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a version
         * @description Needs the scope `datasets:read`.
         */
        get: operations["getDatasetVersion"];
        put?: never;
        post?: never;
        /**
         * Delete a version with its images
         * @description Also one that is being made. Refused while a run or an evaluation that has not ended needs it; its number is not given out again.
         *
         *     Needs the scope `datasets:write`.
         */
        delete: operations["deleteDatasetVersion"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel the making of a version
         * @description It is cancelled at once; a worker that is making it stops within seconds. Cancelling it again changes nothing.
         *
         *     Needs the scope `datasets:write`.
         */
        post: operations["cancelDatasetVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}:select": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a version of chosen images of another
         * @description Chosen by what a vector set knows of them, or by their numbers. Queued like every version; images, names and classes are those of the version that they are taken from, which may be deleted when this one is ready.
         *
         *     Needs the scope `datasets:write`.
         */
        post: operations["selectImages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the images of a version, in their order
         * @description With `label` a page may have fewer images than `limit`, or none, and more behind it: what was looked at is bounded. Go on while `has_more`.
         *
         *     Needs the scope `datasets:read`.
         */
        get: operations["listDatasetImages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}/images/{index}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get what is known of an image
         * @description Needs the scope `datasets:read`.
         */
        get: operations["getDatasetImage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}/images/{index}/thumbnail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See an image
         * @description Drawn from its pixels, so nothing else that the file holds is in it; 403 `images_hidden` where the installation shows none. Of images with bands the first is shown.
         *
         *     Needs the scope `datasets:read`.
         */
        get: operations["getImageThumbnail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}/images/{index}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download an image as it is stored
         * @description The bytes that were uploaded, with whatever they hold besides pixels; of IDX files, which hold pixels alone, a PNG. 403 `images_hidden` where the installation shows none.
         *
         *     Needs the scope `datasets:read`.
         */
        get: operations["getImageFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{id}/versions/{version}/rejected": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the files that were not taken, with the reason
         * @description Needs the scope `datasets:read`.
         */
        get: operations["listRejectedFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List runs, newest first unless asked otherwise
         * @description Needs the scope `runs:read`.
         */
        get: operations["listRuns"];
        put?: never;
        /**
         * Queue a run
         * @description Only the dataset is required; the rest comes from a preset and is kept as resolved_recipe, with recipe_reasons of preset auto.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["createRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs:validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a run would be, without queueing it
         * @description Needs the scope `runs:write`.
         */
        post: operations["validateRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a run
         * @description Needs the scope `runs:read`.
         */
        get: operations["getRun"];
        put?: never;
        post?: never;
        /**
         * Delete a run with its checkpoints, events and metrics
         * @description One that has ended or is paused. Its models and evaluations stay. Refused while something that has not ended needs a checkpoint of it, or one is kept.
         *
         *     Needs the scope `runs:write`.
         */
        delete: operations["deleteRun"];
        options?: never;
        head?: never;
        /**
         * Rename a run, change its metadata, archive it
         * @description What is left out stays.
         *
         *     Needs the scope `runs:write`.
         */
        patch: operations["updateRun"];
        trace?: never;
    };
    "/v1/runs/{id}:pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a run
         * @description At once where nobody works on it; otherwise it is pausing until its worker has written a checkpoint.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["pauseRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}:resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a paused run go on
         * @description From its newest checkpoint. Its time, max_runtime_s, is counted anew.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["resumeRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a run
         * @description A run that nobody works on is cancelled at once; another one is cancelling until its worker has stopped.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["cancelRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}:retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on with a run that failed or was cancelled
         * @description From its newest checkpoint, or from the start where it has none. Its time, max_runtime_s, is counted anew.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["retryRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}:extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Train a run for more epochs
         * @description From its newest checkpoint, with schedules laid over the new length from there on. Of a run that is queued, paused, or has ended in whatever way; one that is worked on has to be paused before.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["extendRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}:fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Queue a run that goes on from a checkpoint of this one
         * @description From its whole training state, under the parent's recipe with what is overridden, on the same images. With nothing overridden it takes the steps that the parent takes, bit for bit.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["forkRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}:fork:validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a fork would be, without queueing it
         * @description Its recipe, what it changes of the parent and from which step on, and what is left to do.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["validateFork"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The log of a run: a page, or a stream of server-sent events
         * @description With `Accept: text/event-stream` the log is replayed from after Last-Event-ID and then followed until the run has ended or the key has. The data of each event is a RunEvent; a comment comes every 15 seconds. A key may have so many streams open, and a process so many of all keys; one more is answered 429.
         *
         *     Needs the scope `runs:read`.
         */
        get: operations["listRunEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics of a run, as columns
         * @description Needs the scope `runs:read`.
         */
        get: operations["getRunMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/checkpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List checkpoints of a run, from the last step on
         * @description Needs the scope `runs:read`.
         */
        get: operations["listRunCheckpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/checkpoints/{checkpoint_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a checkpoint of a run
         * @description Needs the scope `runs:read`.
         */
        get: operations["getCheckpoint"];
        put?: never;
        post?: never;
        /**
         * Delete a checkpoint
         * @description Refused for the newest of a run that may go on, for one that is kept, and while a run, an evaluation or an export that has not ended needs it.
         *
         *     Needs the scope `runs:write`.
         */
        delete: operations["deleteCheckpoint"];
        options?: never;
        head?: never;
        /**
         * Keep a checkpoint, or let go of it
         * @description What is kept is removed by no policy, and neither it nor its run can be deleted. What is let go of stays until the policy of its run is applied next.
         *
         *     Needs the scope `runs:write`.
         */
        patch: operations["updateCheckpoint"];
        trace?: never;
    };
    "/v1/sweeps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sweeps, newest first
         * @description Needs the scope `runs:read`.
         */
        get: operations["listSweeps"];
        put?: never;
        /**
         * Queue a run for each trial of a sweep
         * @description All of them or none: a trial that could not be queued by itself is refused with its number and the field. A trial is a run like any other; `GET /v1/runs?sweep=` lists them.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["createSweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sweeps:validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a sweep would be, without queueing anything
         * @description The estimate of the whole is that of all trials one after the other; its memory is the largest.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["validateSweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sweeps/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Compare the trials of a sweep
         * @description Needs the scope `runs:read`.
         */
        get: operations["getSweep"];
        put?: never;
        post?: never;
        /**
         * Delete a sweep
         * @description Its runs stay as they are, as runs of no sweep.
         *
         *     Needs the scope `runs:write`.
         */
        delete: operations["deleteSweep"];
        options?: never;
        head?: never;
        /**
         * Rename a sweep, change its metadata
         * @description What is left out stays; so do the names of its runs.
         *
         *     Needs the scope `runs:write`.
         */
        patch: operations["updateSweep"];
        trace?: never;
    };
    "/v1/sweeps/{id}:pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause the trials of a sweep
         * @description As `pause` does with each; those that cannot take it stay as they are.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["pauseSweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sweeps/{id}:resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let the paused trials of a sweep go on
         * @description As `resume` does with each; those that cannot take it stay as they are.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["resumeSweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sweeps/{id}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel the trials of a sweep
         * @description As `cancel` does with each; those that cannot take it stay as they are.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["cancelSweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sweeps/{id}:retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on with the trials of a sweep that failed or were cancelled
         * @description As `retry` does with each; those that cannot take it stay as they are.
         *
         *     Needs the scope `runs:write`.
         */
        post: operations["retrySweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List models, newest first
         * @description Needs the scope `models:read`.
         */
        get: operations["listModels"];
        put?: never;
        /**
         * Make a model of a checkpoint, or of weights trained elsewhere
         * @description A run makes one of its last checkpoint by itself. This exports another checkpoint, or imports weights of DINO, iBOT, DINOv2, timm or Hugging Face, in the background.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["createModel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a model
         * @description By its id, `name@3`, `name@alias` or the id of its run, as everywhere a model is named. The answer names the model itself.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getModel"];
        put?: never;
        post?: never;
        /**
         * Delete a model with its files and prototypes
         * @description By its own id alone. Refused while a run that begins from it, or an evaluation of it, has not ended. Its run and its evaluations stay.
         *
         *     Needs the scope `models:write`.
         */
        delete: operations["deleteModel"];
        options?: never;
        head?: never;
        /**
         * Rename a model, change its metadata
         * @description What is left out stays. Renamed it is the newest version of its new name; one that an alias means keeps its name: 409.
         *
         *     Needs the scope `models:write`.
         */
        patch: operations["updateModel"];
        trace?: never;
    };
    "/v1/models/{id}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the files of a model, with URLs to download them
         * @description Needs the scope `models:read`.
         */
        get: operations["listArtifacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel the export or the import of a model
         * @description By its own id alone. It is cancelled at once; a worker that makes it stops within seconds. Cancelling it again changes nothing.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["cancelModel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{name}/aliases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the aliases of a name
         * @description Needs the scope `models:read`.
         */
        get: operations["listModelAliases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{name}/aliases/{alias}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an alias
         * @description Needs the scope `models:read`.
         */
        get: operations["getModelAlias"];
        /**
         * Let an alias mean a version of a name
         * @description Requests name it `name@alias`, as they name a version `name@3`. Those that have begun are answered by the model that it meant then. The model has to be ready, and the process that answers loads it before the alias means it, for as long as a request may take: nobody waits for that later.
         *
         *     Needs the scope `models:write`.
         */
        put: operations["putModelAlias"];
        post?: never;
        /**
         * Delete an alias
         * @description Its model stays. Requests that name the alias are answered 404 from then on.
         *
         *     Needs the scope `models:write`.
         */
        delete: operations["deleteModelAlias"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List uploads of weights, newest first
         * @description Needs the scope `models:read`.
         */
        get: operations["listWeightUploads"];
        put?: never;
        /**
         * Start to upload weights, or their config.json
         * @description PUT each part to its URL, keep the ETags, complete the upload with them, then import it.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["createWeightUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/uploads/{upload_id}:complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put the parts of an upload of weights together
         * @description Needs the scope `models:write`.
         */
        post: operations["completeWeightUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/uploads/{upload_id}:delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete an upload of weights
         * @description Also one that was not completed. Refused while a model is made of it.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["deleteWeightUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/prototypes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the components of the mixture
         * @description Needs the scope `models:read`.
         */
        get: operations["listPrototypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/prototypes/{index}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a component
         * @description Needs the scope `models:read`.
         */
        get: operations["getPrototype"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/kappa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How concentrated the components are, in one of two views
         * @description Needs the scope `models:read`.
         */
        get: operations["getKappa"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/matching": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which prototype of another model is which of this one
         * @description By the images of a dataset version that vector sets of both have assigned: pairs of prototypes, one of each model, that together have as many images as possible.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getMatching"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/drift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How served images differ from training images
         * @description Of images that were assigned by the posterior of the training counts while this was switched on, window by window: counts alone, which a process adds every ten seconds. Embeddings are not counted.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getDrift"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Count served images or stop, or change when they differ too much
         * @description What is left out stays. Thresholds and the size of a window act on windows that end from now on. Switched off or on, the window that was being counted is thrown away, and one that ended stays.
         *
         *     Needs the scope `models:write`.
         */
        patch: operations["updateDrift"];
        trace?: never;
    };
    "/v1/evaluations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List evaluations, newest first
         * @description Results are comparable where protocol, dataset, queries and settings are the same.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["listEvaluations"];
        put?: never;
        /**
         * Queue an evaluation of a model, or of a checkpoint, on a dataset
         * @description By the protocols of docs/evaluation.md, each with its interval and all its settings. A worker computes it in a process of its own.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["createEvaluation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/evaluations/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Compare evaluations on one page
         * @description As `kappa report` writes it: a page of HTML that loads and runs nothing. Name each as `id=eval_…`.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getEvaluationReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/evaluations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an evaluation
         * @description Needs the scope `models:read`.
         */
        get: operations["getEvaluation"];
        put?: never;
        post?: never;
        /**
         * Delete an evaluation
         * @description One that has ended. What its run knows of it stays: events, and metrics.
         *
         *     Needs the scope `models:write`.
         */
        delete: operations["deleteEvaluation"];
        options?: never;
        head?: never;
        /**
         * Rename an evaluation, change its metadata
         * @description What is left out stays.
         *
         *     Needs the scope `models:write`.
         */
        patch: operations["updateEvaluation"];
        trace?: never;
    };
    "/v1/evaluations/{id}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an evaluation
         * @description At once, and nothing of it is kept; a worker that computes it stops within seconds.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["cancelEvaluation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/evaluations/{id}/prototypes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List prototypes with the images that they win, most used first
         * @description Of an evaluation whose `prototypes` is not null: one that ran prototypes, clustering, or label_free of a model with a fitted mixture, or was asked for everything.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["listPrototypeImages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/evaluations/{id}/prototypes/{index}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the images that a prototype wins
         * @description One that wins none has `usage` 0.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getPrototypeImages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List vector sets, newest first
         * @description Needs the scope `models:read`.
         */
        get: operations["listVectorSets"];
        put?: never;
        /**
         * Embed all images of a dataset, to files and to be searched
         * @description Queued; a worker embeds them part by part, and another goes on where one has ended. Costs are those of as many images as the version has.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["createVectorSet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a vector set
         * @description Needs the scope `models:read`.
         */
        get: operations["getVectorSet"];
        put?: never;
        post?: never;
        /**
         * Delete a vector set with its files
         * @description One that has ended. Its model and its dataset stay.
         *
         *     Needs the scope `models:write`.
         */
        delete: operations["deleteVectorSet"];
        options?: never;
        head?: never;
        /**
         * Rename a vector set, change its metadata
         * @description What is left out stays.
         *
         *     Needs the scope `models:write`.
         */
        patch: operations["updateVectorSet"];
        trace?: never;
    };
    "/v1/vector-sets/{id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the files of a vector set, with URLs to download them
         * @description vectors.npy has a row of float32 for each image, images.jsonl a line, vectors.parquet both in one row; all in the same order. map.json is what `/map` answers.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["listVectorSetFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}/map": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the images of a vector set as points of a plane
         * @description By principal components, made with the set: columns of as many numbers as there are points. 404 `artifact_not_found` of a set that older code has made.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getVectorSetMap"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel the making of a vector set
         * @description At once, and nothing of it is kept; a worker that makes it stops within seconds.
         *
         *     Needs the scope `models:write`.
         */
        post: operations["cancelVectorSet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}/outliers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List images, those that the model knows least first
         * @description By their density under the mixture fitted to the training images, the lowest first.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["listOutliers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}/duplicates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List pairs of images that are nearly the same
         * @description In the order of the images. A page ends where one request has compared enough: it may have few pairs, or none, and more behind it.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["listNearDuplicates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}/proposed-labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List labels that images without one get from their neighbours
         * @description In the order of the images. A page ends where one request has compared enough.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["listProposedLabels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}/label-accuracy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Measure how often neighbours propose the right label
         * @description Images with a label are asked as if they had none: leave-one-out, by how sure the vote is.
         *
         *     Needs the scope `models:read`.
         */
        get: operations["getLabelAccuracy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List files of batches, newest first
         * @description Needs the scope `embeddings:write`.
         */
        get: operations["listFiles"];
        put?: never;
        /**
         * Upload the requests of a batch
         * @description OpenAI's: a form with `purpose` and `file`. One that is announced as larger than the project has room for is refused before it is read.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["createFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/files/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a file, without its content
         * @description Needs the scope `embeddings:write`.
         */
        get: operations["getFile"];
        put?: never;
        post?: never;
        /**
         * Delete a file
         * @description Refused while a batch reads it.
         *
         *     Needs the scope `embeddings:write`.
         */
        delete: operations["deleteFile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/files/{id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download a file
         * @description Needs the scope `embeddings:write`.
         */
        get: operations["getFileContent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List batches, newest first
         * @description Needs the scope `embeddings:write`.
         */
        get: operations["listBatches"];
        put?: never;
        /**
         * Answer every request of a file
         * @description OpenAI's. Queued; a worker answers line by line, and another goes on where one has ended. Every line has to name the model of the first.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["createBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/batches/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a batch
         * @description Needs the scope `embeddings:write`.
         */
        get: operations["getBatch"];
        put?: never;
        post?: never;
        /**
         * Delete a batch
         * @description One that has ended. Its files stay, and are deleted as files are.
         *
         *     Needs the scope `embeddings:write`.
         */
        delete: operations["deleteBatch"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/batches/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a batch
         * @description At once where nobody has begun with it. Otherwise its worker stops within seconds, and what is finished becomes its files.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["cancelBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhooks, newest first
         * @description Needs the scope `admin`.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Make a webhook
         * @description Events are sent as the Standard Webhooks specification has it (docs/webhooks.md). The secret is in this answer and nowhere else.
         *
         *     Needs the scope `admin`.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a webhook
         * @description Needs the scope `admin`.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook with its deliveries
         * @description Needs the scope `admin`.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change, disable or enable a webhook
         * @description What is left out stays. What waits for a webhook that is disabled ends, and can be replayed later.
         *
         *     Needs the scope `admin`.
         */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/v1/webhooks/{id}:rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook a new secret
         * @description The secret is in this answer and nowhere else. The one before signs along for 24 hours.
         *
         *     Needs the scope `admin`.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}:test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event and see what comes back
         * @description Once, with type webhook.test, also to a webhook that is disabled; waits up to 15 seconds for the answer.
         *
         *     Needs the scope `admin`.
         */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List deliveries of a webhook, newest first
         * @description Needs the scope `admin`.
         */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries/{delivery_id}:replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again
         * @description At once, whether it succeeded, failed or waits for its next try; with all its tries before it.
         *
         *     Needs the scope `admin`.
         */
        post: operations["replayWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Embed images
         * @description OpenAI's request and answer, with images in place of texts: their clients work unchanged.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["createEmbeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{id}/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Embed images, or assign them to prototypes, as tensors
         * @description The input is `images`, BYTES of [images]. With `Content-Type: application/octet-stream` the body begins with as many bytes of JSON as the header Inference-Header-Content-Length says, and image files follow, each after its length in four bytes.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["inferModel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{id}/versions/{version}/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Embed images, or assign them to prototypes, as tensors (by name and version)
         * @description The input is `images`, BYTES of [images]. With `Content-Type: application/octet-stream` the body begins with as many bytes of JSON as the header Inference-Header-Content-Length says, and image files follow, each after its length in four bytes.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["inferModelVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Embed images, sent raw, as a form or as JSON
         * @description With `Accept: application/octet-stream` the answer is little-endian numbers of `output_dtype`, row by row, and the header Kappa-Dimensions. Of `output: patches` it is a file of `file_format`, whatever is accepted, and the header Kappa-Shape.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["createModelEmbeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Assign images softly to prototypes
         * @description Needs the scope `embeddings:write`.
         */
        post: operations["createAssignments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/attention-maps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Where the model looks in an image
         * @description Attention of the class token on every patch in the last block.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["createAttentionMap"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}/heat-maps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Which patches of an image are like a prototype
         * @description Needs the scope `embeddings:write`.
         */
        post: operations["createHeatMap"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vector-sets/{id}:search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the images that are nearest
         * @description To an image, sent raw, as a form or as JSON; to a vector; to an image of the set; or to the mean direction of a prototype.
         *
         *     Needs the scope `embeddings:write`.
         */
        post: operations["searchVectorSet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What serves models here
         * @description What serves models here
         */
        get: operations["getInferenceServer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process answers
         * @description The process answers
         */
        get: operations["getInferenceLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything it needs answers
         * @description Everything it needs answers
         */
        get: operations["getInferenceReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tensors of a model
         * @description Needs the scope `models:read`.
         */
        get: operations["getInferenceModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{id}/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether a model is ready
         * @description Needs the scope `models:read`.
         */
        get: operations["getInferenceModelReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{id}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tensors of a model (by name and version)
         * @description Needs the scope `models:read`.
         */
        get: operations["getInferenceModelVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{id}/versions/{version}/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether a model is ready (by name and version)
         * @description Needs the scope `models:read`.
         */
        get: operations["getInferenceModelVersionReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/objects/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download an object from its URL, or a range of it
         * @description One range of bytes is served; to several the answer is the whole object.
         */
        get: operations["getObject"];
        /**
         * Send a part of an upload to its URL
         * @description Just the bytes that were announced for this part, neither more nor fewer. It may be sent again; the last one counts.
         */
        put: operations["putObjectPart"];
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Ask for the size and the ETag of an object
         * @description Ask for the size and the ETag of an object
         */
        head: operations["headObject"];
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process answers
         * @description The process answers
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything it needs answers
         * @description Everything it needs answers
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Metrics for Prometheus
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This document
         * @description This document
         */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The dashboard, or where to look
         * @description The dashboard, or where to look
         */
        get: operations["getRoot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ApiKey: {
            id: string;
            /** @constant */
            object: "api_key";
            project_id: string;
            name: string;
            scopes: ("runs:write" | "runs:read" | "models:write" | "models:read" | "embeddings:write" | "datasets:write" | "datasets:read" | "admin" | "instance:admin")[];
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            expires_at: string | null;
            last_used_at: string | null;
            revoked_at: string | null;
        };
        ApiKeyList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["ApiKey"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        ArtifactList: {
            /** @constant */
            object: "list";
            data: {
                /** @constant */
                object: "artifact";
                name: string;
                bytes: number;
                sha256: string;
                /** @description Needs no key until expires_at. */
                url: string;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                expires_at: string;
            }[];
            /** @constant */
            has_more: false;
            next_cursor: null;
        };
        /** @description What is left out stays, or is not limited. */
        AskedQuotas: {
            queued_runs?: number | null;
            storage_bytes?: number | null;
            devices_at_once?: number | null;
            requests_per_minute?: number | null;
            pixels_per_minute?: number | null;
        };
        /** @description Of checkpoints of runs that are made from now on and do not say it themselves. What is left out stays. */
        AskedRetention: {
            /** @description How many of the newest stay; 3 unless it is given. */
            keep_last?: number;
            keep_every_epochs?: number | null;
            keep_best?: {
                /** @description Of docs/metrics.md, as it was at the step of a checkpoint: loss, eval/knn_top1_k20. */
                metric: string;
                /** @enum {unknown} */
                direction: "minimize" | "maximize";
                count: number;
            } | null;
        };
        Assignments: {
            /** @constant */
            object: "list";
            data: {
                /** @constant */
                object: "assignments";
                index: number;
                assignments: {
                    prototype: number;
                    probability: number;
                    /** @description To the prototype's direction; of posterior fitted to that of the component that began at it. */
                    cosine: number;
                    /** @description Of the prototype, ‖w‖/τ; of posterior fitted the component's. */
                    kappa: number;
                }[];
                /** @description Nats. */
                entropy?: number;
                /** @description exp(entropy) */
                effective_clusters?: number;
                log_density?: number | null;
                density_percentile?: number | null;
            }[];
            model: string;
            /**
             * @description teacher (the default of a model that has it): softmax of the logits with the center, what training made targets of; without the center most images go to a handful of prototypes. model: without the center, equal weights. fitted: weights, directions and kappas of the mixture that was fitted to the training images.
             * @enum {unknown}
             */
            posterior: "teacher" | "model" | "fitted";
            usage: {
                /** @description Tokens the backbone computed: patches, the class token and registers of every image. */
                prompt_tokens: number;
                total_tokens: number;
                images: number;
            };
        };
        AttentionMap: {
            /** @constant */
            object: "attention_map";
            model: string;
            image_size: number;
            rows: number;
            columns: number;
            /** @description Rows from the top, a number a patch. */
            mean: number[][];
            heads: {
                head: number;
                /** @description Rows from the top, a number a patch. */
                patches: number[][];
                /** @description On the class token itself and registers; with the patches it sums to 1. */
                elsewhere: number;
            }[];
        };
        AuditEntry: {
            id: string;
            /** @constant */
            object: "audit_entry";
            project_id: string;
            /** @description Id of the key that asked; of a token oidc: and its subject. */
            actor: string;
            /** @description The operationId of this document. */
            action: string;
            /** @description Id of what was made, changed or removed; of a version ds_…@3. */
            subject: string;
            request_id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        AuditEntryList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["AuditEntry"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        Batch: {
            id: string;
            /** @constant */
            object: "batch";
            /** @enum {unknown} */
            endpoint: "/v1/embeddings";
            /** @description That answers every line. */
            model: string;
            input_file_id: string;
            completion_window: string;
            /** @enum {unknown} */
            status: "validating" | "in_progress" | "finalizing" | "completed" | "failed" | "expired" | "cancelling" | "cancelled";
            output_file_id: string | null;
            error_file_id: string | null;
            errors: {
                /** @constant */
                object: "list";
                data: {
                    code: string;
                    message: string;
                    param: null;
                    line: null;
                }[];
            } | null;
            request_counts: {
                total: number;
                completed: number;
                failed: number;
            };
            usage: {
                /** @description That were embedded: what it costs. */
                images: number;
            };
            metadata: {
                [key: string]: string;
            };
            /** @description Seconds since 1970. */
            created_at: number;
            /** @description Seconds since 1970. */
            expires_at: number;
            in_progress_at: number | null;
            finalizing_at: number | null;
            completed_at: number | null;
            failed_at: number | null;
            expired_at: number | null;
            cancelling_at: number | null;
            cancelled_at: number | null;
        };
        BatchList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Batch"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        BucketSource: {
            /** @constant */
            type: "s3";
            /** @description A folder in the bucket of the platform. */
            prefix: string;
            /** @description Names of the labels 0, 1, … */
            classes?: string[];
            select?: components["schemas"]["ImageSelection"];
            /**
             * @description Bands of every image, as TIFF of so many pages or samples, 8 or 16 bits; other files are rejected. Left out, images are gray or colour, whatever their files have. 3 is colour, and need not be said.
             * @enum {unknown}
             */
            channels?: 2 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16;
        };
        Checkpoint: {
            id: string;
            /** @constant */
            object: "checkpoint";
            project_id: string;
            run_id: string;
            step: number;
            epoch: number;
            bytes: number;
            /** @description Equal for equal weights, moments, centers and position. */
            state_hash: string;
            /** @enum {unknown} */
            status: "complete" | "deleted";
            /** @description No policy removes it. */
            keep: boolean;
            /** @description Why it stays: user (keep), last, epoch and best (the policy of its run), model (one was made of it), run and evaluation (one that has not ended needs it). Empty for one that was removed, or will be when the run writes its next. */
            kept_because: ("user" | "last" | "epoch" | "best" | "model" | "run" | "evaluation")[];
            metrics: {
                [key: string]: number | null;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        CheckpointList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Checkpoint"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "parts": [
         *         {
         *           "part": 1,
         *           "etag": "\"9b2cf535f27731c9\""
         *         }
         *       ]
         *     }
         */
        CompleteUpload: {
            parts: {
                part: number;
                etag: string;
            }[];
        };
        /**
         * @example {
         *       "name": "embedding service",
         *       "scopes": [
         *         "embeddings:write",
         *         "models:read"
         *       ]
         *     }
         */
        CreateApiKey: {
            name: string;
            scopes: ("runs:write" | "runs:read" | "models:write" | "models:read" | "embeddings:write" | "datasets:write" | "datasets:read" | "admin" | "instance:admin")[];
            expires_at?: string | null;
        };
        /**
         * @example {
         *       "input": [
         *         "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
         *       ],
         *       "top_k": 5,
         *       "include": [
         *         "entropy"
         *       ]
         *     }
         */
        CreateAssignments: {
            /** @description One image or many: data URIs, base64, or https URLs of allowed hosts. */
            input: string | string[];
            /** @default 10 */
            top_k: number;
            /**
             * @description teacher (the default of a model that has it): softmax of the logits with the center, what training made targets of; without the center most images go to a handful of prototypes. model: without the center, equal weights. fitted: weights, directions and kappas of the mixture that was fitted to the training images.
             * @enum {unknown}
             */
            posterior?: "teacher" | "model" | "fitted";
            /** @description Acts on posterior 'model' alone: a center belongs to the temperature that it was counted at. */
            temperature?: number;
            /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
            image_size?: number;
            /** @description entropy: with effective_clusters; log_density: with density_percentile. Both without. */
            include?: ("entropy" | "log_density")[];
        };
        /**
         * @example {
         *       "input": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
         *       "head": 0
         *     }
         */
        CreateAttentionMap: {
            /** @description One image: a data URI, base64, or an https URL of an allowed host. */
            input: string;
            /** @description Counted from 0. Left out, a picture is of the mean of all, and numbers are of all. */
            head?: number;
            /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
            image_size?: number;
            /**
             * @description png where it is left out: a picture. Or numbers: float32, [rows, columns] of a heat map, [heads, rows, columns] of attention.
             * @enum {unknown}
             */
            format?: "png" | "json" | "npy";
            /**
             * @description Of a picture. overlay where it is left out: over what the model sees of the image, in gray. map: alone. The colours are viridis.
             * @enum {unknown}
             */
            draw?: "overlay" | "map";
        };
        /**
         * @example {
         *       "input_file_id": "file_01jexample",
         *       "endpoint": "/v1/embeddings",
         *       "completion_window": "24h"
         *     }
         */
        CreateBatch: {
            /** @description A file of requests, of purpose batch. */
            input_file_id: string;
            /** @enum {unknown} */
            endpoint: "/v1/embeddings";
            /**
             * @description Hours, as `24h`: what is not answered by then is not answered any more.
             * @example 24h
             */
            completion_window: string;
            metadata?: {
                [key: string]: string;
            } | null;
        };
        /**
         * @example {
         *       "name": "shoes",
         *       "metadata": {
         *         "team": "x"
         *       }
         *     }
         */
        CreateDataset: {
            name: string;
            metadata?: {
                [key: string]: string;
            };
        };
        /**
         * @example {
         *       "source": {
         *         "type": "upload",
         *         "uploads": [
         *           "up_01jexample"
         *         ]
         *       }
         *     }
         */
        CreateDatasetVersion: {
            source: components["schemas"]["DatasetSource"];
        };
        /**
         * @example {
         *       "model": "mdl_01jexample",
         *       "input": [
         *         "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
         *       ]
         *     }
         */
        CreateEmbeddings: {
            /** @description A model: its id, `name@3`, `name@alias`, or a run whose model is meant. Or a checkpoint of a run: `run_…@latest`, `run_…@1200`. */
            model: string;
            /** @description One image or many: data URIs, base64, or https URLs of allowed hosts. */
            input: string | string[];
            /**
             * @description base64 is little-endian, of output_dtype.
             * @default float
             * @enum {unknown}
             */
            encoding_format: "float" | "base64";
            /**
             * @description float32 where it is left out. float16: rounded. int8: the largest number of a vector is ±127, others in proportion; uint8: the same and 128 more. binary: a bit a number, 1 above 0, the first the highest of the first byte. What each costs in recall: docs/api.md.
             * @enum {unknown}
             */
            output_dtype?: "float32" | "float16" | "int8" | "uint8" | "binary";
            /**
             * @description cls where it is left out: the class token. bottleneck: what prototypes are compared with, of models that have them. mean_patch: the mean of the tokens of patches after the last normalization, without class token and registers. Of unit length.
             * @enum {unknown}
             */
            output?: "cls" | "bottleneck" | "mean_patch";
            /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
            image_size?: number;
            /**
             * @description In which vectors are computed; float32 where it is left out. int8: in 8 bits, of models whose `config.precisions` says what it costs on their own images, for output cls at the size of the model. Other models, outputs and sizes: 409.
             * @enum {unknown}
             */
            precision?: "float32" | "int8";
            /** @description Keeps the first so many numbers of each vector, at unit length again. */
            dimensions?: number;
            /** @description Taken because OpenAI's clients send it; not used. */
            user?: string;
        };
        /**
         * @example {
         *       "model": "mdl_01jexample",
         *       "dataset": "ds_01jexample@3",
         *       "protocols": [
         *         "knn"
         *       ],
         *       "settings": {
         *         "k": [
         *           10,
         *           20
         *         ]
         *       }
         *     }
         */
        CreateEvaluation: {
            name?: string | null;
            /** @description Its id, `name@3`, `name@alias`, or the id of its run. */
            model?: string;
            /** @description In place of a model, one of the two: its teacher is measured, without a fitted mixture. */
            checkpoint?: string;
            /** @description The bank, which votes or is learned from: ds_…@3, or ds_… for the latest ready version. */
            dataset: string;
            queries?: string | null;
            protocols?: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited")[] | null;
            /** @description What is not said is the default of the protocol, and stands in its result. One that no protocol hears is refused. */
            settings?: {
                /** @description Neighbours that vote in knn; cut to the size of the bank. */
                k?: number[];
                /** @description Of images for few_shot. */
                draws?: number;
                /** @description The first so many of an embedding, of unit length again, as `dimensions` of POST /v1/embeddings; all by default. Not for what trains, nor for protocols of prototypes. */
                dimensions?: number;
                /** @description That linear trains its classifiers for (100), and finetune its model at each rate (20). */
                epochs?: number;
                /** @description Learning rates that finetune tries; of one, nothing has to be chosen. */
                rates?: number[];
                /** @description Of draws, folds and intervals; 0 by default. */
                seed?: number;
                /** @description Pixels that copy_detection and revisited show a network; 10/7 of its size in whole patches, and its size. */
                image_size?: number;
            };
            distractors?: string | null;
            whitening?: string | null;
            ground_truth?: {
                imlist: string[];
                qimlist: string[];
                gnd: {
                    easy: number[];
                    hard: number[];
                    junk: number[];
                    bbx?: number[] | null;
                }[];
            } | null;
            against?: string | null;
            metadata?: {
                [key: string]: string;
            };
        };
        /**
         * @example {
         *       "input": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
         *       "prototype": 3,
         *       "value": "cosine"
         *     }
         */
        CreateHeatMap: {
            /** @description One image: a data URI, base64, or an https URL of an allowed host. */
            input: string;
            /** @description The image's likeliest where it is left out, which the header Kappa-Prototype names. */
            prototype?: number;
            /**
             * @description cosine where it is left out: between a patch, through the head, and the prototype's direction. posterior: the share of the patch that is the prototype's, by what assigns images.
             * @enum {unknown}
             */
            value?: "cosine" | "posterior";
            /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
            image_size?: number;
            /**
             * @description png where it is left out: a picture. Or numbers: float32, [rows, columns] of a heat map, [heads, rows, columns] of attention.
             * @enum {unknown}
             */
            format?: "png" | "json" | "npy";
            /**
             * @description Of a picture. overlay where it is left out: over what the model sees of the image, in gray. map: alone. The colours are viridis.
             * @enum {unknown}
             */
            draw?: "overlay" | "map";
        };
        /**
         * @example {
         *       "checkpoint": "ckpt_01jexample",
         *       "name": "shoes at epoch 50"
         *     }
         * @example {
         *       "import": {
         *         "source": {
         *           "type": "upload",
         *           "uploads": [
         *             "up_01jexample"
         *           ]
         *         }
         *       },
         *       "name": "DINOv2 S/14"
         *     }
         */
        CreateModel: components["schemas"]["CreateModelOfCheckpoint"] | components["schemas"]["CreateModelOfWeights"];
        /**
         * @example {
         *       "input": [
         *         "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
         *       ]
         *     }
         */
        CreateModelEmbeddings: {
            /** @description One image or many: data URIs, base64, or https URLs of allowed hosts. */
            input: string | string[];
            /**
             * @description base64 is little-endian, of output_dtype.
             * @default float
             * @enum {unknown}
             */
            encoding_format: "float" | "base64";
            /**
             * @description float32 where it is left out. float16: rounded. int8: the largest number of a vector is ±127, others in proportion; uint8: the same and 128 more. binary: a bit a number, 1 above 0, the first the highest of the first byte. What each costs in recall: docs/api.md.
             * @enum {unknown}
             */
            output_dtype?: "float32" | "float16" | "int8" | "uint8" | "binary";
            /**
             * @description cls where it is left out: the class token. bottleneck: what prototypes are compared with, of models that have them. mean_patch: the mean of the tokens of patches after the last normalization, without class token and registers. Of unit length. patches: those tokens as they are, float32 [images, rows, columns, dimensions] in one file.
             * @enum {unknown}
             */
            output?: "cls" | "bottleneck" | "mean_patch" | "patches";
            /**
             * @description In which vectors are computed; float32 where it is left out. int8: in 8 bits, of models whose `config.precisions` says what it costs on their own images, for output cls at the size of the model. Other models, outputs and sizes: 409.
             * @enum {unknown}
             */
            precision?: "float32" | "int8";
            /**
             * @description Of patches. npy where it is left out: a NumPy file. safetensors: with the tensor `patches`.
             * @enum {unknown}
             */
            file_format?: "npy" | "safetensors";
            /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
            image_size?: number;
            /** @description Keeps the first so many numbers of each vector, at unit length again. */
            dimensions?: number;
        };
        /**
         * @description The teacher of a checkpoint.
         * @example {
         *       "checkpoint": "ckpt_01jexample",
         *       "name": "shoes at epoch 50"
         *     }
         */
        CreateModelOfCheckpoint: {
            checkpoint: string;
            name?: string | null;
            metadata?: {
                [key: string]: string;
            };
        };
        /**
         * @description Weights that were trained elsewhere.
         * @example {
         *       "import": {
         *         "source": {
         *           "type": "upload",
         *           "uploads": [
         *             "up_01jexample"
         *           ]
         *         }
         *       },
         *       "name": "DINOv2 S/14"
         *     }
         */
        CreateModelOfWeights: {
            import: components["schemas"]["ModelImport"];
            name?: string | null;
            metadata?: {
                [key: string]: string;
            };
        };
        /**
         * @example {
         *       "name": "vision team",
         *       "quotas": {
         *         "queued_runs": 20
         *       }
         *     }
         */
        CreateProject: {
            name: string;
            quotas?: components["schemas"]["AskedQuotas"];
            checkpoint?: components["schemas"]["AskedRetention"];
        };
        /**
         * @example {
         *       "name": "shoes",
         *       "dataset": "ds_01jexample@3",
         *       "method": "dino-vmf",
         *       "arch": "vit_small",
         *       "patch_size": 16,
         *       "hyperparameters": {
         *         "epochs": 100,
         *         "batch_size": 256,
         *         "teacher_temperature": [
         *           0.04,
         *           0.07,
         *           30
         *         ]
         *       },
         *       "metadata": {
         *         "team": "x"
         *       }
         *     }
         */
        CreateRun: {
            name?: string | null;
            /** @description ds_…@3, or ds_… for the latest ready version. */
            dataset: string;
            /**
             * @description dino-vmf unless it is given.
             * @enum {unknown}
             */
            method?: "dino" | "dino-vmf" | "ibot" | "ibot-vmf";
            /**
             * @description auto unless it is given: chosen from the images of the dataset and compute.device (docs/presets.md).
             * @enum {unknown}
             */
            preset?: "auto" | "demo" | "mu" | "small-images" | "vit-small-16" | "vit-base-16";
            /** @enum {unknown} */
            arch?: "vit_mu" | "vit_nano" | "vit_tiny" | "vit_small" | "vit_base" | "vit_large";
            patch_size?: number;
            seed?: number;
            hyperparameters?: components["schemas"]["Hyperparameters"];
            init?: components["schemas"]["InitRequest"];
            compute?: {
                /**
                 * @description What the run has to be trained on; it waits for a worker that has it. `any`, the default, is whatever the worker's engine computes on. `cuda` is deprecated and means `gpu`.
                 * @enum {unknown}
                 */
                device?: "any" | "cpu" | "gpu" | "cuda";
                /** @description How many of one host share every batch, 1 by default; a worker with fewer does not take the run. */
                devices?: number;
                max_runtime_s?: number;
                priority?: number;
            };
            /** @description What is not said of which checkpoints stay is as the project has it. */
            checkpoint?: {
                every_s?: number;
                /** @description How many of the newest stay; 3 unless it is given. */
                keep_last?: number;
                keep_every_epochs?: number | null;
                keep_best?: {
                    /** @description Of docs/metrics.md, as it was at the step of a checkpoint: loss, eval/knn_top1_k20. */
                    metric: string;
                    /** @enum {unknown} */
                    direction: "minimize" | "maximize";
                    count: number;
                } | null;
            };
            alarms?: {
                /** @enum {unknown} */
                rule: "collapse";
                /** @enum {unknown} */
                action: "notify" | "pause";
            }[];
            evaluation?: {
                /** @description The bank, which votes or is learned from: ds_…@3, or ds_… for the latest ready version. */
                dataset: string;
                queries?: string | null;
                protocols?: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune")[] | null;
                /** @description What is not said is the default of the protocol, and stands in its result. One that no protocol hears is refused. */
                settings?: {
                    /** @description Neighbours that vote in knn; cut to the size of the bank. */
                    k?: number[];
                    /** @description Of images for few_shot. */
                    draws?: number;
                    /** @description The first so many of an embedding, of unit length again, as `dimensions` of POST /v1/embeddings; all by default. Not for what trains, nor for protocols of prototypes. */
                    dimensions?: number;
                    /** @description That linear trains its classifiers for (100), and finetune its model at each rate (20). */
                    epochs?: number;
                    /** @description Learning rates that finetune tries; of one, nothing has to be chosen. */
                    rates?: number[];
                    /** @description Of draws, folds and intervals; 0 by default. */
                    seed?: number;
                };
                every_epochs?: number | null;
            } | null;
            metadata?: {
                [key: string]: string;
            };
        };
        /**
         * @example {
         *       "name": "learning rates",
         *       "run": {
         *         "dataset": "ds_01jexample@3",
         *         "preset": "demo"
         *       },
         *       "grid": {
         *         "hyperparameters.learning_rate": [
         *           0.0005,
         *           0.001,
         *           0.002
         *         ],
         *         "seed": [
         *           0,
         *           1
         *         ]
         *       },
         *       "objective": {
         *         "metric": "loss",
         *         "direction": "minimize"
         *       }
         *     }
         * @example {
         *       "run": {
         *         "dataset": "ds_01jexample@3",
         *         "preset": "demo"
         *       },
         *       "random": {
         *         "hyperparameters.learning_rate": {
         *           "min": 0.0001,
         *           "max": 0.01,
         *           "scale": "log"
         *         }
         *       },
         *       "trials": 8,
         *       "seed": 7
         *     }
         */
        CreateSweep: components["schemas"]["GridSweep"] | components["schemas"]["RandomSweep"];
        /**
         * @example {
         *       "filename": "shoes.zip",
         *       "bytes": 73400320
         *     }
         */
        CreateUpload: {
            /** @description A name without folders; its ending says what the file is. */
            filename: string;
            bytes: number;
        };
        /**
         * @example {
         *       "model": "mdl_01jexample",
         *       "dataset": "ds_01jexample@3"
         *     }
         */
        CreateVectorSet: {
            name?: string | null;
            /** @description Its id, `name@3`, `name@alias`, or the id of its run. */
            model: string;
            /** @description ds_…@3, or ds_… for its latest ready version: all of its images are embedded. */
            dataset: string;
            /**
             * @description Whether it can be searched; files are made in any case.
             * @default true
             */
            search: boolean;
            assign?: boolean | null;
            metadata?: {
                [key: string]: string;
            };
        };
        /**
         * @example {
         *       "url": "https://hooks.example/kappa",
         *       "events": [
         *         "run.state",
         *         "run.alarm",
         *         "model.ready"
         *       ]
         *     }
         */
        CreateWebhook: {
            /** @description https, and on the public internet unless the operator allows the network. */
            url: string;
            events: ("run.state" | "run.progress" | "run.checkpoint" | "run.alarm" | "run.message" | "model.ready" | "model.failed" | "model.cancelled" | "evaluation.ended" | "vector_set.ended" | "drift.began" | "drift.ended" | "batch.ended" | "version.ready" | "version.failed" | "version.cancelled")[];
        };
        /**
         * @example {
         *       "filename": "dino_vits16.pth",
         *       "bytes": 86728949
         *     }
         */
        CreateWeightUpload: {
            /** @description A name without folders; its ending says what the file is. */
            filename: string;
            bytes: number;
        };
        CreatedRun: {
            id: string;
            /** @constant */
            object: "run";
            project_id: string;
            sweep: string | null;
            trial: number | null;
            name: string | null;
            dataset: string;
            method: string;
            arch: string;
            resolved_recipe: components["schemas"]["Recipe"];
            init: components["schemas"]["Init"] | null;
            forked_from: components["schemas"]["ForkedFrom"] | null;
            /** @description Each time that the run was made longer, oldest first. `resolved_recipe` has the newest epochs. */
            extensions: {
                /** @description From here on the schedules are those of the new length. */
                step: number;
                /** @description Epochs. */
                before: number;
                after: number;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            }[];
            /** @description Of preset auto: a sentence for each choice, with its cause. Empty of other presets. */
            recipe_reasons: string[];
            compute: {
                /** @enum {unknown} */
                device: "any" | "cpu" | "gpu";
                /** @description How many of one host share every batch, 1 by default; a worker with fewer does not take the run. */
                devices: number;
                max_runtime_s: number;
                priority: number;
            };
            checkpoint: {
                every_s: number;
                keep_last: number;
                keep_every_epochs?: number;
                keep_best?: {
                    metric: string;
                    /** @enum {unknown} */
                    direction: "minimize" | "maximize";
                    count: number;
                };
            };
            alarms: {
                /** @enum {unknown} */
                rule: "collapse";
                /** @enum {unknown} */
                action: "notify" | "pause";
            }[];
            metadata: {
                [key: string]: string;
            };
            /** @description By a user: lists leave it out where they are asked with archived=false. */
            archived: boolean;
            /** @enum {unknown} */
            status: "queued" | "starting" | "running" | "pausing" | "paused" | "cancelling" | "cancelled" | "succeeded" | "failed";
            status_reason: string | null;
            engine: {
                name: string;
                /** @description As the engine calls it. */
                device: string;
                /** @enum {unknown} */
                device_kind: "cpu" | "gpu" | "tpu";
                /** @description How many share every batch. */
                devices: number;
                /** @description Of matrix products: float32, tf32, bfloat16 or float16. */
                precision: string;
            } | null;
            progress: {
                step: number;
                total_steps: number;
                epoch: number;
                percent: number;
                images_seen: number;
            };
            images_per_second: number | null;
            eta_s: number | null;
            attempt: number;
            leg: number;
            latest_checkpoint: string | null;
            model: string | null;
            evaluation: {
                id: string | null;
                dataset: string;
                queries: string | null;
                protocols: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited")[] | null;
                /** @description As asked for; null is the default of the protocol. */
                settings: {
                    k: number[] | null;
                    draws: number | null;
                    dimensions: number | null;
                    epochs: number | null;
                    rates: number[] | null;
                    image_size: number | null;
                    seed: number;
                };
                every_epochs: number | null;
            } | null;
            error: {
                code: string;
                message: string;
                retryable: boolean;
                step: number | null;
            } | null;
            traceparent: string | null;
            /** @description Tries that came to nothing since training last got further, the newest last. Two nodes with the same error, three times the same on one, or ten processes that were killed or fell silent end the run; outages of database and store do not count. */
            failures: {
                code: string;
                message: string;
                step: number | null;
                /** @description Of the worker that had it: the same after a restart. */
                node: string;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            }[];
            last_alarm: {
                rule: string;
                step: number;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            } | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            resumed_at: string | null;
            finished_at: string | null;
            /** @description What the recipe does not use of the images, or makes up, and how many images it is about; `workers`: that none of the workers which are there could take the run; `checkpoint`: that `keep_best` is by what the run does not measure. Of images, empty where the version has no report. */
            warnings: {
                /** @enum {unknown} */
                what: "colour" | "margins" | "bits" | "upscaled" | "workers" | "quota" | "checkpoint";
                images: number;
                message: string;
            }[];
            estimate: components["schemas"]["Estimate"];
        };
        CreatedSweep: {
            id: string;
            /** @constant */
            object: "sweep";
            project_id: string;
            name: string | null;
            metadata: {
                [key: string]: string;
            };
            /** @description As it was sent. */
            run: {
                [key: string]: unknown;
            };
            grid: components["schemas"]["SweepGrid"] | null;
            random: components["schemas"]["SweepRandom"] | null;
            seed: number | null;
            objective: components["schemas"]["SweepObjective"] | null;
            trial_count: number;
            /** @description How many of its runs have which status. */
            statuses: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            metrics: string[];
            trials: components["schemas"]["SweepTrial"][];
            standing: components["schemas"]["SweepStanding"] | null;
            /** @description What the recipe does not use of the images, or makes up, and how many images it is about; `workers`: that none of the workers which are there could take the run; `checkpoint`: that `keep_best` is by what the run does not measure. Of images, empty where the version has no report. */
            warnings: {
                /** @enum {unknown} */
                what: "colour" | "margins" | "bits" | "upscaled" | "workers" | "quota" | "checkpoint";
                images: number;
                message: string;
            }[];
            estimate: components["schemas"]["Estimate"];
        };
        Dataset: {
            id: string;
            /** @constant */
            object: "dataset";
            project_id: string;
            name: string;
            metadata: {
                [key: string]: string;
            };
            latest_version: number | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        DatasetImage: {
            /** @constant */
            object: "image";
            index: number;
            name: string;
            format: string;
            width: number;
            height: number;
            bytes: number;
            label: number | null;
            sha256: string;
        };
        DatasetImageList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["DatasetImage"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        DatasetList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Dataset"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        DatasetSource: components["schemas"]["UploadSource"] | components["schemas"]["BucketSource"];
        DatasetVersion: {
            /** @description ds_…@3: how a run names it. */
            id: string;
            /** @constant */
            object: "dataset_version";
            project_id: string;
            dataset_id: string;
            version: number;
            /** @enum {unknown} */
            status: "queued" | "ingesting" | "ready" | "failed" | "cancelled";
            source: components["schemas"]["VersionSource"];
            images: number;
            bytes: number;
            /** @description Files that are no image; each with its reason under …/rejected. */
            rejected: number;
            /** @description Images with the same bytes as an earlier one; they are left out. */
            duplicates: number;
            classes: string[] | null;
            content_hash: string | null;
            /** @description Images by width×height, each rounded up to a power of two. */
            sizes: {
                [key: string]: number;
            };
            report: {
                images: number;
                width: {
                    min: number;
                    p5: number;
                    p50: number;
                    p95: number;
                    max: number;
                };
                height: {
                    min: number;
                    p5: number;
                    p50: number;
                    p95: number;
                    max: number;
                };
                shorter_side: {
                    min: number;
                    p5: number;
                    p50: number;
                    p95: number;
                    max: number;
                };
                aspect_ratio: {
                    min: number;
                    p5: number;
                    p50: number;
                    p95: number;
                    max: number;
                };
                /** @description Images whose shorter side is below so many pixels. */
                smaller_than: {
                    [key: string]: number;
                };
                /** @description Images without any colour, whatever channels their files have. */
                gray: number;
                colour: number;
                /** @description Files of more than 8 bits a sample, which are read as 8. */
                deep: number;
                /** @description Of those, PNG and TIFF by the bits of 16 that their largest sample needs; the largest that is not 0 is what `bits` of a recipe should be. Left out of versions where nobody counted. */
                bits?: {
                    [key: string]: number;
                };
                /** @description How many images have which label. Left out of versions where nobody counted. */
                labels?: {
                    /** @description That at least one image has. */
                    labels: number;
                    unlabelled: number;
                    /** @description Most frequent first, 100 at the most; `classes` has their names. */
                    most_frequent: {
                        label: number;
                        images: number;
                    }[];
                };
                /** @description Images that look like an earlier one, by a difference hash of 64 bits within 3 (docs/images.md). */
                near_duplicates: number;
                rgb?: {
                    mean: number[];
                    std: number[];
                };
                luma?: {
                    mean: number[];
                    std: number[];
                };
                /** @description Of each band, of a version with `channels`, which has neither rgb nor luma. */
                bands?: {
                    mean: number[];
                    std: number[];
                };
            } | null;
            progress: {
                images: number;
                rejected: number;
            };
            error: components["schemas"]["ResourceError"] | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            ready_at: string | null;
        };
        DatasetVersionList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["DatasetVersion"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        DeletedFile: {
            id: string;
            /** @constant */
            object: "file";
            /** @constant */
            deleted: true;
        };
        /**
         * @example {
         *       "name": "shoes, second try",
         *       "metadata": {
         *         "team": "x"
         *       }
         *     }
         */
        Description: {
            name?: string;
            /** @description Each name by itself: null removes it, and those that are not named stay. */
            metadata?: {
                [key: string]: string | null;
            };
        };
        Drift: {
            /** @constant */
            object: "drift";
            model: string;
            /** @description Whether served images are counted. */
            enabled: boolean;
            /** @description A window ends with so many images, or a few more. 2000 unless it is set. */
            window_images: number;
            /** @description A window of a larger psi is over. 0.25 unless it is set. */
            psi_over: number;
            /** @description A window with a larger share of images below the 5th percentile of training is over. 0.1 unless it is set. */
            low_density_over: number;
            over_since: string | null;
            /**
             * @description Only what is assigned by it, at its temperature, is counted.
             * @enum {unknown}
             */
            posterior: "teacher" | "model";
            /** @description That windows are held against. */
            training_images: number;
            window: components["schemas"]["DriftWindow"] | null;
            /** @description The last twenty, newest first. */
            ended: components["schemas"]["DriftWindow"][];
        };
        DriftWindow: {
            /** @description From 1. */
            number: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            started_at: string;
            ended_at: string | null;
            images: number;
            psi: number | null;
            psi_expected: number | null;
            psi_limit: number | null;
            /** @description The 10 that differ most. Prototypes of which fewer than 50 images are expected are put together. */
            groups: {
                /** @description At most 20 of them, of those that a training image has. */
                prototypes: number[];
                /** @description Likewise. */
                prototypes_in_all: number;
                images: number;
                /** @description By the share that training images have. */
                expected_images: number;
                /** @description Its part of the whole. */
                psi: number;
            }[];
            density: {
                /** @description Whose density was known. */
                images: number;
                below_p1: {
                    share: number;
                    expected: number;
                    /** @description One window in a thousand has more where nothing has changed. */
                    by_chance: number;
                };
                below_p5: {
                    share: number;
                    expected: number;
                    /** @description One window in a thousand has more where nothing has changed. */
                    by_chance: number;
                };
                /** @description Of below_p5: low_density_over, or by_chance where that is more. */
                limit: number;
            } | null;
            /** @description Once it has ended as it was judged then; before, as it is now. */
            over: boolean;
        };
        Embeddings: {
            /** @constant */
            object: "list";
            data: {
                /** @constant */
                object: "embedding";
                index: number;
                embedding: number[] | string;
            }[];
            model: string;
            usage: {
                /** @description Tokens the backbone computed: patches, the class token and registers of every image. */
                prompt_tokens: number;
                total_tokens: number;
                images: number;
            };
        };
        Estimate: {
            steps: number;
            /** @description Images the student sees, each with all its crops. */
            images: number;
            flops: number;
            /** @description Of each device, for weights, their moments and activations: of a GPU where `compute.device` is `gpu`, else of a processor, whose float32 takes about twice as much. */
            memory_bytes: number;
            duration_s: number | null;
        };
        Evaluation: {
            id: string;
            /** @constant */
            object: "evaluation";
            project_id: string;
            name: string | null;
            model: string | null;
            checkpoint: string | null;
            /** @description Of the model or the checkpoint. */
            step: number;
            run: string | null;
            dataset: string;
            queries: string | null;
            protocols: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited")[] | null;
            /** @description As asked for; null is the default of the protocol. */
            settings: {
                k: number[] | null;
                draws: number | null;
                dimensions: number | null;
                epochs: number | null;
                rates: number[] | null;
                image_size: number | null;
                seed: number;
            };
            distractors: string | null;
            whitening: string | null;
            against: string | null;
            metadata: {
                [key: string]: string;
            };
            /** @enum {unknown} */
            status: "queued" | "running" | "cancelled" | "succeeded" | "failed";
            progress: {
                /** @description Read so far. */
                images: number;
                total_images: number;
                protocol: string | null;
                /** @description Protocols that are done. */
                measured: number;
                share: number | null;
            };
            attempt: number;
            /** @description Empty until it has succeeded. */
            results: components["schemas"]["ProtocolResult"][];
            left_out: {
                /** @enum {unknown} */
                protocol: "knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited";
                reason: string;
            }[];
            prototypes: {
                /** @description By which images were given to prototypes. */
                posterior: string;
                images: number;
                /** @description Of the model. */
                prototypes: number;
                /** @description Those that win an image. */
                used: number;
            } | null;
            error: components["schemas"]["ResourceError"] | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            finished_at: string | null;
        };
        EvaluationList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Evaluation"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "epochs": 200
         *     }
         */
        ExtendRun: {
            /** @description That the run shall have in all, more than it has. */
            epochs: number;
        };
        ExtendedRun: {
            id: string;
            /** @constant */
            object: "run";
            project_id: string;
            sweep: string | null;
            trial: number | null;
            name: string | null;
            dataset: string;
            method: string;
            arch: string;
            resolved_recipe: components["schemas"]["Recipe"];
            init: components["schemas"]["Init"] | null;
            forked_from: components["schemas"]["ForkedFrom"] | null;
            /** @description Each time that the run was made longer, oldest first. `resolved_recipe` has the newest epochs. */
            extensions: {
                /** @description From here on the schedules are those of the new length. */
                step: number;
                /** @description Epochs. */
                before: number;
                after: number;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            }[];
            /** @description Of preset auto: a sentence for each choice, with its cause. Empty of other presets. */
            recipe_reasons: string[];
            compute: {
                /** @enum {unknown} */
                device: "any" | "cpu" | "gpu";
                /** @description How many of one host share every batch, 1 by default; a worker with fewer does not take the run. */
                devices: number;
                max_runtime_s: number;
                priority: number;
            };
            checkpoint: {
                every_s: number;
                keep_last: number;
                keep_every_epochs?: number;
                keep_best?: {
                    metric: string;
                    /** @enum {unknown} */
                    direction: "minimize" | "maximize";
                    count: number;
                };
            };
            alarms: {
                /** @enum {unknown} */
                rule: "collapse";
                /** @enum {unknown} */
                action: "notify" | "pause";
            }[];
            metadata: {
                [key: string]: string;
            };
            /** @description By a user: lists leave it out where they are asked with archived=false. */
            archived: boolean;
            /** @enum {unknown} */
            status: "queued" | "starting" | "running" | "pausing" | "paused" | "cancelling" | "cancelled" | "succeeded" | "failed";
            status_reason: string | null;
            engine: {
                name: string;
                /** @description As the engine calls it. */
                device: string;
                /** @enum {unknown} */
                device_kind: "cpu" | "gpu" | "tpu";
                /** @description How many share every batch. */
                devices: number;
                /** @description Of matrix products: float32, tf32, bfloat16 or float16. */
                precision: string;
            } | null;
            progress: {
                step: number;
                total_steps: number;
                epoch: number;
                percent: number;
                images_seen: number;
            };
            images_per_second: number | null;
            eta_s: number | null;
            attempt: number;
            leg: number;
            latest_checkpoint: string | null;
            model: string | null;
            evaluation: {
                id: string | null;
                dataset: string;
                queries: string | null;
                protocols: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited")[] | null;
                /** @description As asked for; null is the default of the protocol. */
                settings: {
                    k: number[] | null;
                    draws: number | null;
                    dimensions: number | null;
                    epochs: number | null;
                    rates: number[] | null;
                    image_size: number | null;
                    seed: number;
                };
                every_epochs: number | null;
            } | null;
            error: {
                code: string;
                message: string;
                retryable: boolean;
                step: number | null;
            } | null;
            traceparent: string | null;
            /** @description Tries that came to nothing since training last got further, the newest last. Two nodes with the same error, three times the same on one, or ten processes that were killed or fell silent end the run; outages of database and store do not count. */
            failures: {
                code: string;
                message: string;
                step: number | null;
                /** @description Of the worker that had it: the same after a restart. */
                node: string;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            }[];
            last_alarm: {
                rule: string;
                step: number;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            } | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            resumed_at: string | null;
            finished_at: string | null;
            estimate: components["schemas"]["Estimate"];
        };
        /**
         * @example {
         *       "checkpoint": "ckpt_01jexample",
         *       "overrides": {
         *         "hyperparameters": {
         *           "learning_rate": 0.0001
         *         }
         *       }
         *     }
         */
        ForkRun: {
            /** @description Of this run; its newest unless it is given. */
            checkpoint?: string;
            /** @description What differs from the parent. What its state is made of or counted by, such as arch or batch_size, is refused where it is not the parent's (docs/api.md): begin from the checkpoint with init instead. */
            overrides?: {
                /**
                 * @description dino-vmf unless it is given.
                 * @enum {unknown}
                 */
                method?: "dino" | "dino-vmf" | "ibot" | "ibot-vmf";
                /**
                 * @description auto unless it is given: chosen from the images of the dataset and compute.device (docs/presets.md).
                 * @enum {unknown}
                 */
                preset?: "auto" | "demo" | "mu" | "small-images" | "vit-small-16" | "vit-base-16";
                /** @enum {unknown} */
                arch?: "vit_mu" | "vit_nano" | "vit_tiny" | "vit_small" | "vit_base" | "vit_large";
                patch_size?: number;
                seed?: number;
                hyperparameters?: components["schemas"]["Hyperparameters"];
                compute?: {
                    /**
                     * @description What the run has to be trained on; it waits for a worker that has it. `any`, the default, is whatever the worker's engine computes on. `cuda` is deprecated and means `gpu`.
                     * @enum {unknown}
                     */
                    device?: "any" | "cpu" | "gpu" | "cuda";
                    /** @description How many of one host share every batch, 1 by default; a worker with fewer does not take the run. */
                    devices?: number;
                    max_runtime_s?: number;
                    priority?: number;
                };
                /** @description What is not said of which checkpoints stay is as the project has it. */
                checkpoint?: {
                    every_s?: number;
                    /** @description How many of the newest stay; 3 unless it is given. */
                    keep_last?: number;
                    keep_every_epochs?: number | null;
                    keep_best?: {
                        /** @description Of docs/metrics.md, as it was at the step of a checkpoint: loss, eval/knn_top1_k20. */
                        metric: string;
                        /** @enum {unknown} */
                        direction: "minimize" | "maximize";
                        count: number;
                    } | null;
                };
                alarms?: {
                    /** @enum {unknown} */
                    rule: "collapse";
                    /** @enum {unknown} */
                    action: "notify" | "pause";
                }[];
                evaluation?: {
                    /** @description The bank, which votes or is learned from: ds_…@3, or ds_… for the latest ready version. */
                    dataset: string;
                    queries?: string | null;
                    protocols?: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune")[] | null;
                    /** @description What is not said is the default of the protocol, and stands in its result. One that no protocol hears is refused. */
                    settings?: {
                        /** @description Neighbours that vote in knn; cut to the size of the bank. */
                        k?: number[];
                        /** @description Of images for few_shot. */
                        draws?: number;
                        /** @description The first so many of an embedding, of unit length again, as `dimensions` of POST /v1/embeddings; all by default. Not for what trains, nor for protocols of prototypes. */
                        dimensions?: number;
                        /** @description That linear trains its classifiers for (100), and finetune its model at each rate (20). */
                        epochs?: number;
                        /** @description Learning rates that finetune tries; of one, nothing has to be chosen. */
                        rates?: number[];
                        /** @description Of draws, folds and intervals; 0 by default. */
                        seed?: number;
                    };
                    every_epochs?: number | null;
                } | null;
                metadata?: {
                    [key: string]: string;
                };
            };
            /** @description What is done to prototypes of the class token before the first step, whose number stays (docs/api.md). */
            prototypes?: {
                /** @description Groups: the first of each stays and stands for all, the others are given up. */
                merge?: number[][];
                /** @description Become two: the second takes the place of one that is given up. */
                split?: number[];
                /** @description Given up. Places that no half takes have a prototype that is drawn anew. */
                drop?: number[];
            };
            name?: string | null;
        };
        /** @description Whose whole training state the run goes on from, and what it changes of the recipe. */
        ForkedFrom: {
            run: string;
            checkpoint: string;
            /** @description That the checkpoint is at. */
            step: number;
            changes: {
                /** @description As files of recipes name it: `learning_rate`, `crops.local.count`. */
                field: string;
                /** @description In the parent; null where it has no such field. */
                before: unknown;
                after: unknown;
            }[];
            prototypes: {
                merge: number[][];
                split: number[];
                drop: number[];
            } | null;
        };
        GridSweep: {
            name?: string | null;
            run: components["schemas"]["SweepRunRequest"];
            objective?: components["schemas"]["SweepObjective"] | null;
            metadata?: {
                [key: string]: string;
            };
            grid: components["schemas"]["SweepGrid"];
        };
        HeatMap: {
            /** @constant */
            object: "heat_map";
            model: string;
            image_size: number;
            rows: number;
            columns: number;
            prototype: number;
            /** @enum {unknown} */
            value: "cosine" | "posterior";
            /** @description Rows from the top, a number a patch. */
            patches: number[][];
            /** @description Of the whole image, by its class token. */
            image: {
                cosine: number;
                probability: number;
            };
        };
        /** @description What differs from the preset; everything else is taken from it, or follows. */
        Hyperparameters: {
            epochs?: number;
            batch_size?: number;
            accumulation_steps?: number;
            prototypes?: number;
            bottleneck_dim?: number;
            head_hidden_dim?: number;
            normalize_last_layer?: boolean;
            /** @enum {unknown} */
            centering?: "logit" | "probability" | "probability-ema" | "sinkhorn";
            center_momentum?: number;
            student_temperature?: number;
            teacher_temperature?: number[];
            teacher_momentum?: number[];
            learning_rate?: number;
            /** @enum {unknown} */
            learning_rate_scaling?: "linear" | "none";
            min_learning_rate?: number;
            warmup_epochs?: number;
            weight_decay?: number[];
            decay_prototype_norms?: boolean;
            koleo?: {
                features?: number;
                prototypes?: number;
            };
            em?: {
                rate?: number;
                pull?: number;
                /** @enum {unknown} */
                kappa?: "gradient" | "fitted";
            };
            gram?: {
                weight?: number;
                /** @enum {unknown} */
                anchor?: "teacher" | "start";
            };
            nested?: number[];
            clip_grad?: number;
            freeze_last_layer_epochs?: number;
            drop_path?: number;
            init_std?: number;
            /** @enum {unknown} */
            positions?: "learned" | "rotary";
            /** @enum {unknown} */
            feed_forward?: "gelu" | "swiglu";
            registers?: number;
            channels?: number;
            /** @enum {unknown} */
            bits?: 8 | 10 | 12 | 14 | 16;
            crops?: {
                global?: {
                    count?: number;
                    size?: number;
                    scale?: number[];
                };
                local?: {
                    count?: number;
                    size?: number;
                    scale?: number[];
                };
                aspect_ratio?: number[];
                /** @enum {unknown} */
                interpolation?: "bilinear" | "bicubic";
            };
            augmentation?: {
                flip?: number;
                jitter?: {
                    probability?: number;
                    brightness?: number;
                    contrast?: number;
                    saturation?: number;
                    hue?: number;
                };
                grayscale?: number;
                blur?: {
                    probability?: number[];
                    sigma?: number[];
                };
                solarize?: number;
            };
            normalization?: {
                mean?: number[];
                std?: number[];
            };
            ibot?: {
                masks?: {
                    /** @enum {unknown} */
                    shape?: "block" | "random";
                    probability?: number;
                    ratio?: number;
                    ratio_variance?: number;
                    start_epoch?: number;
                };
                patch_prototypes?: number | null;
                patch_teacher_temperature?: number[];
                patch_center_momentum?: number;
                cls_loss_weight?: number;
                patch_loss_weight?: number;
            };
        };
        /** @description Keeps image i when i mod every = offset; with invert, all the others. */
        ImageSelection: {
            every: number;
            offset: number;
            invert: boolean;
        };
        InferAnswer: {
            model_name: string;
            /** @description Of models that have a name. */
            model_version?: string;
            id?: string;
            parameters: {
                /** @description The model that answered: its id, or run_…@step. */
                model: string;
                /**
                 * @description That prototypes and probabilities are of.
                 * @enum {unknown}
                 */
                posterior?: "teacher" | "model" | "fitted";
            };
            outputs: {
                /** @enum {unknown} */
                name: "embeddings" | "prototypes" | "probabilities";
                shape: number[];
                /** @enum {unknown} */
                datatype: "FP32" | "INT32";
                /** @description Row by row. Absent where it is binary. */
                data?: number[];
                parameters?: {
                    binary_data_size: number;
                };
            }[];
        };
        /**
         * @example {
         *       "inputs": [
         *         {
         *           "name": "images",
         *           "shape": [
         *             1
         *           ],
         *           "datatype": "BYTES",
         *           "data": [
         *             "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
         *           ]
         *         }
         *       ]
         *     }
         */
        InferRequest: {
            /** @description Comes back in the answer. */
            id?: string;
            /** @description KServe's client sends it: the name in the address, or the request is refused. */
            model_name?: string;
            parameters?: {
                /** @description Of outputs that do not say themselves. False by default. */
                binary_data_output?: boolean;
                /** @description Of embeddings. */
                dimensions?: number;
                /**
                 * @description Of prototypes and probabilities.
                 * @default 10
                 */
                top_k?: number;
                /**
                 * @description Of prototypes and probabilities.
                 * @enum {unknown}
                 */
                posterior?: "teacher" | "model" | "fitted";
            };
            inputs: {
                /** @constant */
                name: "images";
                /** @description [images] or [images, 1]. */
                shape: number[];
                /** @constant */
                datatype: "BYTES";
                parameters?: {
                    /** @description Of binary requests: bytes behind the JSON. */
                    binary_data_size?: number;
                };
                /** @description Data URIs, base64, or https URLs of allowed hosts. Not with binary_data_size. */
                data?: string[];
            }[];
            /** @description embeddings by default. */
            outputs?: {
                /** @enum {unknown} */
                name: "embeddings" | "prototypes" | "probabilities";
                parameters?: {
                    /** @description Behind the JSON, as little-endian numbers. */
                    binary_data?: boolean;
                };
            }[];
        };
        InferenceModel: {
            name: string;
            versions?: string[];
            platform: string;
            inputs: {
                name: string;
                datatype: string;
                shape: number[];
            }[];
            outputs: {
                name: string;
                datatype: string;
                shape: number[];
            }[];
        };
        InferenceModelReady: {
            name: string;
            /** @constant */
            ready: true;
        };
        InferenceServer: {
            /** @constant */
            name: "kappa";
            version: string;
            extensions: string[];
        };
        InferenceServerLive: {
            /** @constant */
            live: true;
        };
        InferenceServerReady: {
            /** @constant */
            ready: true;
        };
        /** @description What the run begins from. */
        Init: {
            /** @enum {unknown} */
            source: "model" | "checkpoint" | "weights";
            id: string;
            sha256: string;
            /** @enum {unknown} */
            head: "taken" | "seeded" | "new";
            resampled_from: number | null;
        };
        /**
         * @example {
         *       "model": "mdl_01jexample"
         *     }
         * @example {
         *       "checkpoint": "ckpt_01jexample",
         *       "head": "seeded"
         *     }
         */
        InitRequest: {
            model: string;
            /**
             * @description `taken`: MLP and prototypes of the init, the default where their sizes fit. `seeded`: a new MLP, and prototypes where it sees clusters of the images, the default otherwise. `new`: both drawn.
             * @enum {unknown}
             */
            head?: "taken" | "seeded" | "new";
        } | {
            checkpoint: string;
            /**
             * @description `taken`: MLP and prototypes of the init, the default where their sizes fit. `seeded`: a new MLP, and prototypes where it sees clusters of the images, the default otherwise. `new`: both drawn.
             * @enum {unknown}
             */
            head?: "taken" | "seeded" | "new";
        } | null;
        IssuedApiKey: {
            id: string;
            /** @constant */
            object: "api_key";
            project_id: string;
            name: string;
            scopes: ("runs:write" | "runs:read" | "models:write" | "models:read" | "embeddings:write" | "datasets:write" | "datasets:read" | "admin" | "instance:admin")[];
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            expires_at: string | null;
            last_used_at: string | null;
            revoked_at: string | null;
            key: string | null;
        };
        IssuedWebhook: {
            id: string;
            /** @constant */
            object: "webhook";
            project_id: string;
            url: string;
            events: ("run.state" | "run.progress" | "run.checkpoint" | "run.alarm" | "run.message" | "model.ready" | "model.failed" | "model.cancelled" | "evaluation.ended" | "vector_set.ended" | "drift.began" | "drift.ended" | "batch.ended" | "version.ready" | "version.failed" | "version.cancelled")[];
            enabled: boolean;
            disabled_reason: ("by_user" | "gone" | "given_up" | "backlog") | null;
            disabled_at: string | null;
            failing_since: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            secret: string | null;
        };
        Kappa: {
            /** @constant */
            object: "kappa";
            model: string;
            /** @enum {unknown} */
            view: "model" | "fitted";
            temperature: number | null;
            /** @description That have a kappa in this view. */
            prototypes: number;
            unused: number | null;
            quantiles: {
                p0: number;
                p5: number;
                p25: number;
                p50: number;
                p75: number;
                p95: number;
                p100: number;
            };
            histogram: {
                /** @description One more than counts. */
                edges: number[];
                counts: number[];
            };
        };
        LabelAccuracy: {
            /** @constant */
            object: "label_accuracy";
            /** @description Whose labels they are. */
            vector_set: string;
            /** @description Its images with a label. */
            labelled: number;
            /** @description Of them, those that asked all others. */
            sampled: number;
            accuracy: number | null;
            /** @description By confidence, the least sure first; empty ones are left out. */
            bins: {
                /** @description Confidence from this one on, up to 0.1 more. */
                from: number;
                images: number;
                /** @description Mean. */
                confidence: number;
                accuracy: number;
            }[];
        };
        Matches: {
            /** @constant */
            object: "list";
            /** @description Nearest first. */
            data: {
                /** @constant */
                object: "match";
                /** @description The image's place in the dataset version. */
                index: number;
                name: string;
                label: string | null;
                /** @description Cosine. */
                similarity: number;
                prototype: number | null;
                probability: number | null;
                log_density: number | null;
            }[];
            vector_set: string;
            model: string;
            dataset: string;
            /** @description Every vector that could be meant was compared: nothing is missed. */
            exact: boolean;
            usage: {
                /** @description Tokens the backbone computed: patches, the class token and registers of every image. */
                prompt_tokens: number;
                total_tokens: number;
                images: number;
            };
        };
        Matching: {
            /** @constant */
            object: "matching";
            model: string;
            against: string;
            dataset: string;
            vector_sets: {
                model: string;
                against: string;
            };
            /** @description That both models assigned. */
            images: number;
            /** @description Share of the images whose two prototypes are a pair. */
            agreement: number;
            /** @description By `from`. Together they have as many images as any pairs could. */
            pairs: {
                /** @description Prototype of `against`. */
                from: number;
                /** @description Prototype of the model. */
                to: number;
                /** @description That both have. */
                images: number;
                /** @description Images that both have, of those that one of them has: 0 to 1. */
                similarity: number;
            }[];
            /** @description Prototypes that have an image and no partner. Those without an image are nowhere. */
            unmatched: {
                from: {
                    prototype: number;
                    images: number;
                }[];
                to: {
                    prototype: number;
                    images: number;
                }[];
            };
        };
        Metrics: {
            /** @constant */
            object: "metrics";
            run_id: string;
            /** @description From this step on every point that was reported is kept. Before it, of every 64 steps, the lowest and the highest of each metric: the run ended long ago. 0: all are. */
            full_from: number;
            series: {
                key: string;
                steps: number[];
                /** @description One a step; null where it was not a finite number. */
                values: (number | null)[];
            }[];
        };
        Model: {
            id: string;
            /** @constant */
            object: "model";
            /** @description created_at in seconds since 1970, as OpenAI's clients read it. */
            created: number;
            /** @description The project, as OpenAI's clients read it. */
            owned_by: string;
            project_id: string;
            name: string | null;
            version: number | null;
            metadata: {
                [key: string]: string;
            };
            /** @description That mean this model: `name@alias` in a request. */
            aliases: string[];
            run: string | null;
            checkpoint: string | null;
            import: components["schemas"]["ModelImport"] | null;
            step: number;
            /** @enum {unknown} */
            status: "exporting" | "ready" | "failed" | "cancelled";
            config: {
                method: string | null;
                arch: string;
                patch_size: number;
                image_size: number;
                /** @description That `image_size` of a request may be. */
                image_sizes: {
                    least: number;
                    most: number;
                    /** @description Every size is a multiple. */
                    step: number;
                };
                channels: number;
                /** @description Learned tokens beside the class token and the patches (DINOv2 has 4 or none). */
                registers: number;
                preprocessing: {
                    /**
                     * @description What becomes `side` pixels: the shorter side, the other in proportion, or both, whatever the shape.
                     * @enum {unknown}
                     */
                    resize: "shorter_side" | "both_sides";
                    side: number;
                    /** @enum {unknown} */
                    interpolation: "bilinear" | "bicubic";
                    /** @description Side of the square that is then cut from the middle: image_size. */
                    crop: number;
                    /** @description That hold the samples of 16-bit PNG and TIFF: 8, 10, 12, 14 or 16. What is above them becomes white. */
                    bits: number;
                } | null;
                embedding_dim: number;
                /** @description Of its embeddings, beside float32: what they lose on its own images, at most 1,000 of its dataset. Null where it was made without images, or with ten at the most. */
                precisions: {
                    int8?: {
                        images: number;
                        /** @description Between an image's vectors in float32 and in 8 bits. */
                        min_cosine: number;
                        mean_cosine: number;
                        /** @description Of the ten nearest of each image among the others by float32, how many are where all are of 8 bits. */
                        recall_at_10: number;
                    } | null;
                };
                bottleneck_dim: number | null;
                prototypes: number | null;
                temperature: number | null;
                centering: string | null;
                posterior: ("teacher" | "model") | null;
            } | null;
            bytes: number;
            verification: {
                images: number;
                max_abs_error: number;
                /** @description Between embeddings of the exported file and of the training program. */
                min_cosine: number;
            } | null;
            mixture: {
                /**
                 * @description That used, unique and top_share are counted by.
                 * @enum {unknown}
                 */
                posterior: "teacher" | "model";
                /** @description Training images that were looked at. */
                images: number;
                used: number | null;
                unique: number | null;
                top_share: number | null;
                alarm: string | null;
                fitted: {
                    /** @description It was fitted to. */
                    images: number;
                    held_out_images: number;
                    components: number;
                    /** @description Starts that were left with fewer than five images. */
                    dropped: number;
                    iterations: number;
                    has_converged: boolean;
                    /** @description Mean log density of the held-out images, in nats. */
                    held_out_log_likelihood: number;
                    /** @description That of the uniform density. */
                    uniform_log_likelihood: number;
                } | null;
            } | null;
            error: components["schemas"]["ResourceError"] | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            ready_at: string | null;
        };
        ModelAlias: {
            /** @constant */
            object: "model_alias";
            project_id: string;
            name: string;
            alias: string;
            model: string;
            /** @description Of the model. */
            version: number;
            /** @description As the header has it: for If-Match. */
            etag: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            updated_at: string;
        };
        ModelAliasList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["ModelAlias"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "name": "shoes, second try",
         *       "metadata": {
         *         "team": "x"
         *       }
         *     }
         */
        ModelDescription: {
            name?: string | null;
            /** @description Each name by itself: null removes it, and those that are not named stay. */
            metadata?: {
                [key: string]: string | null;
            };
        };
        ModelImport: {
            source: components["schemas"]["WeightSource"];
            /**
             * @description Told by the names of the tensors unless it is given.
             * @enum {unknown}
             */
            format?: "dino" | "ibot" | "dinov2" | "timm" | "huggingface";
            /**
             * @description The weights must be this one.
             * @enum {unknown}
             */
            arch?: "vit_mu" | "vit_nano" | "vit_tiny" | "vit_small" | "vit_base" | "vit_large";
            /** @description Where width / 64 and config.json do not tell. */
            heads?: number;
            /** @description Positions are resampled to it; as stored unless given. */
            image_size?: number;
            /** @enum {unknown} */
            resampling?: "offset" | "size" | "antialias";
            /**
             * @description Of a training checkpoint.
             * @enum {unknown}
             */
            network?: "teacher" | "student";
            /** @description Mean of each channel, of pixels scaled to 0…1; from the files unless it is given, or else ImageNet's. */
            mean?: number[];
            /** @description Standard deviation of each channel, of pixels scaled to 0…1; from the files unless it is given, or else ImageNet's. */
            std?: number[];
            /**
             * @description That hold the samples of the 16-bit PNG and TIFF it will see; 16 unless it is given.
             * @enum {unknown}
             */
            bits?: 8 | 10 | 12 | 14 | 16;
            /** @description Of the head's teacher; from the checkpoint's arguments. */
            temperature?: number;
            /**
             * @description The two with vmf have log C_p in the head's logits; dino or ibot unless it is given.
             * @enum {unknown}
             */
            method?: "dino" | "dino-vmf" | "ibot" | "ibot-vmf";
        };
        ModelList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Model"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "version": 3
         *     }
         * @example {
         *       "model": "mdl_01jexample"
         *     }
         */
        MoveAlias: {
            version: number;
        } | {
            model: string;
        };
        NearDuplicates: {
            /** @description Cosine. */
            similarity: number;
            /** @description Two, the earlier one first. */
            images: {
                /** @description The image's place in the dataset version. */
                index: number;
                name: string;
                label: string | null;
            }[];
        };
        NearDuplicatesList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["NearDuplicates"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "name": "shoes, second try",
         *       "metadata": {
         *         "team": "x"
         *       }
         *     }
         */
        OptionalDescription: {
            name?: string | null;
            /** @description Each name by itself: null removes it, and those that are not named stay. */
            metadata?: {
                [key: string]: string | null;
            };
        };
        Outlier: {
            /** @description The image's place in the dataset version. */
            index: number;
            name: string;
            label: string | null;
            prototype: number | null;
            probability: number | null;
            log_density: number | null;
        };
        OutlierList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Outlier"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /** @description RFC 9457. May carry more fields: ids, limits, the index of an image. */
        Problem: {
            /** @description urn:kappa:problem:<code> */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @enum {unknown} */
            code: "invalid_request" | "invalid_recipe" | "unauthorized" | "forbidden" | "route_not_found" | "method_not_allowed" | "key_not_found" | "last_admin_key" | "project_not_found" | "project_name_taken" | "project_not_empty" | "project_in_use" | "quota_exceeded" | "project_rate_limited" | "dataset_not_found" | "dataset_version_not_found" | "dataset_version_not_ready" | "dataset_version_not_cancelable" | "image_not_found" | "images_hidden" | "dataset_in_use" | "dataset_version_in_use" | "dataset_empty" | "selection_empty" | "selection_impossible" | "upload_not_found" | "upload_incomplete" | "upload_expired" | "upload_in_use" | "archive_invalid" | "archive_too_large" | "source_unreachable" | "run_not_found" | "run_not_cancelable" | "run_not_deletable" | "run_in_use" | "metadata_full" | "run_not_pausable" | "run_not_resumable" | "run_not_extendable" | "run_not_retryable" | "sweep_not_found" | "checkpoint_not_found" | "checkpoint_in_use" | "checkpoint_invalid" | "weights_unsupported" | "weights_mismatch" | "init_unavailable" | "model_not_found" | "model_in_use" | "model_not_ready" | "model_not_cancelable" | "model_has_alias" | "model_of_other_name" | "alias_not_found" | "precondition_failed" | "model_without_head" | "mixture_unavailable" | "matching_unavailable" | "precision_unavailable" | "prototype_not_found" | "evaluation_not_found" | "evaluation_not_cancelable" | "evaluation_not_deletable" | "evaluation_not_measured" | "evaluation_impossible" | "evaluation_too_large" | "vector_set_not_found" | "vector_set_not_ready" | "vector_set_not_searchable" | "vector_set_not_cancelable" | "vector_set_not_deletable" | "vector_set_impossible" | "vector_not_found" | "file_not_found" | "file_in_use" | "batch_not_found" | "batch_impossible" | "batch_not_cancelable" | "batch_not_deletable" | "artifact_not_found" | "webhook_not_found" | "webhooks_full" | "webhook_disabled" | "secret_unreadable" | "delivery_not_found" | "delivery_under_way" | "idempotency_key_reused" | "idempotency_in_progress" | "range_not_satisfiable" | "answer_too_large" | "body_too_large" | "unsupported_media_type" | "headers_too_large" | "uri_too_long" | "receive_timeout" | "expectation_failed" | "image_invalid" | "image_too_large" | "images_too_large" | "url_not_allowed" | "url_unreachable" | "rate_limited" | "too_much_at_once" | "overloaded" | "client_gone" | "request_timeout" | "database_refuses" | "process_not_started" | "schema_outdated" | "database_unavailable" | "database_read_only" | "write_conflict" | "storage_unavailable" | "storage_full" | "disk_unusable" | "issuer_unavailable" | "inference_unavailable" | "worker_not_working" | "worker_resting" | "lease_lost" | "object_not_found" | "object_damaged" | "program_untraceable" | "engine_unavailable" | "loss_not_finite" | "trainer_crashed" | "out_of_memory" | "internal";
            request_id: string;
            errors?: {
                /** @description JSON pointer into the body. */
                pointer?: string;
                /** @description Name of a parameter or header. */
                parameter?: string;
                detail: string;
            }[];
            /** @description The same for other clients, where they are at home: an object for OpenAI's at /v1/models and /v1/embeddings, a text for those of the Open Inference Protocol at /v2. */
            error?: {
                message: string;
                type: string;
                param: string | null;
                code: string;
            } | string;
        };
        Project: {
            id: string;
            /** @constant */
            object: "project";
            name: string;
            quotas: components["schemas"]["Quotas"];
            usage: components["schemas"]["Usage"];
            checkpoint: {
                keep_last: number;
                keep_every_epochs?: number;
                keep_best?: {
                    metric: string;
                    /** @enum {unknown} */
                    direction: "minimize" | "maximize";
                    count: number;
                };
            };
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        ProjectList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Project"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        ProposedLabel: {
            /** @description The image's place in the dataset version. */
            index: number;
            name: string;
            /** @description That most of the vote is for. */
            label: string;
            /** @description Its share of the vote. What that is worth is measured: …/label-accuracy. */
            confidence: number;
        };
        ProposedLabelList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["ProposedLabel"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        ProtocolResult: {
            /** @enum {unknown} */
            protocol: "knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited";
            /** @description All that decide the numbers. */
            settings: {
                [key: string]: number | string | boolean | null | (number | string)[];
            };
            bank: number | null;
            /** @description Images that were judged. */
            queries: number;
            classes: number | null;
            /** @description Of an embedding, or the first that were chosen. */
            dimensions: number;
            metrics: {
                [key: string]: {
                    value: number;
                    low: number;
                    high: number;
                };
            };
            used: number | null;
            buckets: {
                /** @enum {unknown} */
                by: "kappa" | "usage";
                from: number;
                to: number;
                prototypes: number;
                images: number;
                /** @description With its 95 % interval; settings say how that was made. */
                top1: {
                    value: number;
                    low: number;
                    high: number;
                };
            }[] | null;
        };
        Prototype: {
            /** @constant */
            object: "prototype";
            model: string;
            index: number;
            /** @description View model: ‖w‖/τ, the precision with which the teacher assigns. No image is measured. */
            kappa: number;
            /** @description log C_p(kappa) */
            log_normalizer: number;
            usage: number | null;
            mean_probability: number | null;
            nearest: {
                prototype: number;
                cosine: number;
            }[];
            duplicates_of: number | null;
            fitted: {
                /** @description π: the share that it explains of the images it was fitted to. */
                weight: number;
                /** @description Maximum likelihood. */
                kappa: number;
                kappa_interval: number[] | null;
                /** @description R̄: mean cosine of images to its direction, by posterior. */
                resultant_length: number;
                /** @description Images whose likeliest component it is: others than those that the prototype's usage counts. */
                usage: number;
                mean_cosine: number | null;
                angle_degrees: {
                    p5: number;
                    p50: number;
                    p95: number;
                } | null;
            } | null;
        };
        PrototypeImages: {
            /** @constant */
            object: "prototype_images";
            prototype: number;
            /** @description Images whose likeliest prototype it is. */
            usage: number;
            /** @description The likeliest of those, up to twelve; fewer of each where a model has more than 16,666 prototypes. */
            exemplars: {
                /** @description Of the image, in `queries` of the evaluation, or else in its `dataset`. */
                index: number;
                /** @description Of the prototype, given the image. */
                probability: number;
                cosine: number;
            }[];
            /** @description The twelve most frequent of those, by name or number; empty where images have none. */
            labels: {
                label: string;
                images: number;
            }[];
        };
        PrototypeImagesList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["PrototypeImages"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        PrototypeList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Prototype"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        Quotas: {
            queued_runs: number | null;
            storage_bytes: number | null;
            devices_at_once: number | null;
            requests_per_minute: number | null;
            pixels_per_minute: number | null;
        };
        RandomSweep: {
            name?: string | null;
            run: components["schemas"]["SweepRunRequest"];
            objective?: components["schemas"]["SweepObjective"] | null;
            metadata?: {
                [key: string]: string;
            };
            random: components["schemas"]["SweepRandom"];
            trials: number;
            /** @description Of the draws, 0 unless it is given: the same one draws the same. */
            seed?: number;
        };
        Recipe: {
            preset: string;
            /** @enum {unknown} */
            method: "dino" | "dino-vmf" | "ibot" | "ibot-vmf";
            /** @enum {unknown} */
            arch: "vit_mu" | "vit_nano" | "vit_tiny" | "vit_small" | "vit_base" | "vit_large";
            patch_size: number;
            seed: number;
            hyperparameters: {
                epochs: number;
                batch_size: number;
                accumulation_steps?: number;
                prototypes: number;
                bottleneck_dim: number;
                head_hidden_dim: number;
                normalize_last_layer: boolean;
                /** @enum {unknown} */
                centering: "logit" | "probability" | "probability-ema" | "sinkhorn";
                center_momentum: number;
                student_temperature: number;
                teacher_temperature: number[];
                teacher_momentum: number[];
                learning_rate: number;
                /** @enum {unknown} */
                learning_rate_scaling: "linear" | "none";
                min_learning_rate: number;
                warmup_epochs: number;
                weight_decay: number[];
                decay_prototype_norms?: boolean;
                koleo?: {
                    features: number;
                    prototypes: number;
                };
                em?: {
                    rate: number;
                    pull: number;
                    /** @enum {unknown} */
                    kappa: "gradient" | "fitted";
                };
                gram?: {
                    weight: number;
                    /** @enum {unknown} */
                    anchor: "teacher" | "start";
                };
                nested?: number[];
                clip_grad: number;
                freeze_last_layer_epochs: number;
                drop_path: number;
                init_std: number;
                /** @enum {unknown} */
                positions?: "learned" | "rotary";
                /** @enum {unknown} */
                feed_forward?: "gelu" | "swiglu";
                registers?: number;
                channels: number;
                /** @enum {unknown} */
                bits?: 8 | 10 | 12 | 14 | 16;
                crops: {
                    global: {
                        count: number;
                        size: number;
                        scale: number[];
                    };
                    local: {
                        count: number;
                        size: number;
                        scale: number[];
                    };
                    aspect_ratio: number[];
                    /** @enum {unknown} */
                    interpolation: "bilinear" | "bicubic";
                };
                augmentation: {
                    flip: number;
                    jitter: {
                        probability: number;
                        brightness: number;
                        contrast: number;
                        saturation: number;
                        hue: number;
                    };
                    grayscale: number;
                    blur: {
                        probability: number[];
                        sigma: number[];
                    };
                    solarize: number;
                };
                normalization: {
                    mean: number[];
                    std: number[];
                };
                ibot?: {
                    masks: {
                        /** @enum {unknown} */
                        shape: "block" | "random";
                        probability: number;
                        ratio: number;
                        ratio_variance: number;
                        start_epoch: number;
                    };
                    patch_prototypes: number | null;
                    patch_teacher_temperature: number[];
                    patch_center_momentum: number;
                    cls_loss_weight: number;
                    patch_loss_weight: number;
                };
            };
        };
        RejectedFile: {
            name: string;
            code: string;
            message: string;
        };
        RejectedFileList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["RejectedFile"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        RequestFile: {
            id: string;
            /** @constant */
            object: "file";
            /**
             * @description batch: requests that were uploaded. batch_output: answers or failures of a batch.
             * @enum {unknown}
             */
            purpose: "batch" | "batch_output";
            filename: string;
            bytes: number;
            sha256: string;
            lines: number;
            /** @constant */
            status: "processed";
            /** @description Seconds since 1970. */
            created_at: number;
        };
        RequestFileList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["RequestFile"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        ResourceError: {
            code: string;
            message: string;
        };
        Root: {
            /** @constant */
            name: "kappa";
            version: string;
            docs: string;
            openapi: string;
        };
        Run: {
            id: string;
            /** @constant */
            object: "run";
            project_id: string;
            sweep: string | null;
            trial: number | null;
            name: string | null;
            dataset: string;
            method: string;
            arch: string;
            resolved_recipe: components["schemas"]["Recipe"];
            init: components["schemas"]["Init"] | null;
            forked_from: components["schemas"]["ForkedFrom"] | null;
            /** @description Each time that the run was made longer, oldest first. `resolved_recipe` has the newest epochs. */
            extensions: {
                /** @description From here on the schedules are those of the new length. */
                step: number;
                /** @description Epochs. */
                before: number;
                after: number;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            }[];
            /** @description Of preset auto: a sentence for each choice, with its cause. Empty of other presets. */
            recipe_reasons: string[];
            compute: {
                /** @enum {unknown} */
                device: "any" | "cpu" | "gpu";
                /** @description How many of one host share every batch, 1 by default; a worker with fewer does not take the run. */
                devices: number;
                max_runtime_s: number;
                priority: number;
            };
            checkpoint: {
                every_s: number;
                keep_last: number;
                keep_every_epochs?: number;
                keep_best?: {
                    metric: string;
                    /** @enum {unknown} */
                    direction: "minimize" | "maximize";
                    count: number;
                };
            };
            alarms: {
                /** @enum {unknown} */
                rule: "collapse";
                /** @enum {unknown} */
                action: "notify" | "pause";
            }[];
            metadata: {
                [key: string]: string;
            };
            /** @description By a user: lists leave it out where they are asked with archived=false. */
            archived: boolean;
            /** @enum {unknown} */
            status: "queued" | "starting" | "running" | "pausing" | "paused" | "cancelling" | "cancelled" | "succeeded" | "failed";
            status_reason: string | null;
            engine: {
                name: string;
                /** @description As the engine calls it. */
                device: string;
                /** @enum {unknown} */
                device_kind: "cpu" | "gpu" | "tpu";
                /** @description How many share every batch. */
                devices: number;
                /** @description Of matrix products: float32, tf32, bfloat16 or float16. */
                precision: string;
            } | null;
            progress: {
                step: number;
                total_steps: number;
                epoch: number;
                percent: number;
                images_seen: number;
            };
            images_per_second: number | null;
            eta_s: number | null;
            attempt: number;
            leg: number;
            latest_checkpoint: string | null;
            model: string | null;
            evaluation: {
                id: string | null;
                dataset: string;
                queries: string | null;
                protocols: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited")[] | null;
                /** @description As asked for; null is the default of the protocol. */
                settings: {
                    k: number[] | null;
                    draws: number | null;
                    dimensions: number | null;
                    epochs: number | null;
                    rates: number[] | null;
                    image_size: number | null;
                    seed: number;
                };
                every_epochs: number | null;
            } | null;
            error: {
                code: string;
                message: string;
                retryable: boolean;
                step: number | null;
            } | null;
            traceparent: string | null;
            /** @description Tries that came to nothing since training last got further, the newest last. Two nodes with the same error, three times the same on one, or ten processes that were killed or fell silent end the run; outages of database and store do not count. */
            failures: {
                code: string;
                message: string;
                step: number | null;
                /** @description Of the worker that had it: the same after a restart. */
                node: string;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            }[];
            last_alarm: {
                rule: string;
                step: number;
                /**
                 * Format: date-time
                 * @example 2026-01-31T12:00:00.000Z
                 */
                at: string;
            } | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            resumed_at: string | null;
            finished_at: string | null;
        };
        /**
         * @example {
         *       "name": "shoes, second try",
         *       "archived": true
         *     }
         */
        RunDescription: {
            name?: string | null;
            /** @description Each name by itself: null removes it, and those that are not named stay. */
            metadata?: {
                [key: string]: string | null;
            };
            /** @description Whether it is out of the way. What it has stays, and it goes on. To resume, retry or extend it brings it back. */
            archived?: boolean;
        };
        RunEvent: {
            /** @constant */
            object: "run_event";
            run_id: string;
            /** @description Grows by one with every event of the run; the id of the event stream. */
            seq: number;
            /** @enum {unknown} */
            type: "state" | "progress" | "checkpoint" | "alarm" | "model" | "evaluation" | "message";
            /** @enum {unknown} */
            level: "info" | "warn" | "error";
            data: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        RunEventList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["RunEvent"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        RunList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Run"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "index": 0,
         *       "top_k": 5
         *     }
         */
        SearchVectorSet: {
            /** @description An image that is looked for: a data URI, base64, or an https URL of an allowed host. */
            input?: string;
            /** @description In place of it, an embedding by the same model, of any length. */
            vector?: number[];
            /** @description In place of it, an image of the set, by its place in the dataset version; it is not found itself. */
            index?: number;
            /** @description In place of it, the mean direction of the images that are assigned to a prototype. */
            prototype?: number;
            /**
             * @description Images that are answered.
             * @default 10
             */
            top_k: number;
            /** @description Cosine, at the least. */
            min_similarity?: number;
            filter?: {
                /** @description Images of one of these classes. */
                labels?: string[];
                /** @description Images of one of these prototypes. */
                prototypes?: number[];
            };
        };
        /**
         * @example {
         *       "strategy": "balanced",
         *       "vector_set": "vec_01jexample",
         *       "count": 100
         *     }
         */
        SelectImages: {
            /** @enum {unknown} */
            strategy: "balanced" | "diverse";
            /** @description A vector set of a version of this dataset: images of that version are taken. */
            vector_set: string;
            /** @description Images that are taken. */
            count: number;
            /**
             * @description The same seed takes the same images.
             * @default 0
             */
            seed: number;
            labels?: components["schemas"]["SelectedLabels"];
        } | {
            /** @enum {unknown} */
            strategy: "hard" | "typical";
            /** @description A vector set of a version of this dataset: images of that version are taken. */
            vector_set: string;
            /** @description Images that are taken. */
            count: number;
            labels?: components["schemas"]["SelectedLabels"];
        } | {
            /** @constant */
            strategy: "deduplicated";
            /** @description A vector set of a version of this dataset: images of that version are taken. */
            vector_set: string;
            /**
             * @description Cosine from which on an image is left out, to any that is taken before it.
             * @default 0.95
             */
            max_similarity: number;
            labels?: components["schemas"]["SelectedLabels"];
        } | {
            /** @constant */
            strategy: "all";
            /** @description A vector set of a version of this dataset: images of that version are taken. */
            vector_set: string;
            labels: components["schemas"]["SelectedLabels"];
        } | {
            /** @constant */
            strategy: "indices";
            /** @description Of this dataset. */
            version: number;
            /** @description Places of the images in the version, from 0, each once. */
            indices: number[];
        };
        /** @description Gives images without a label that of their neighbours. */
        SelectedLabels: {
            /** @description Share of the vote, at the least; below it an image stays without a label. */
            min_confidence: number;
            /**
             * @description Images with a label that vote, weighted by exp(cosine / 0.07).
             * @default 20
             */
            neighbors: number;
            /** @description Another vector set of the same model, whose labels are asked; left out, those of the same set. */
            from?: string;
        };
        SelectionSource: {
            /** @constant */
            type: "selection";
            /** @description ds_…@3: the version whose images were taken. */
            dataset: string;
            vector_set: string | null;
            /** @enum {unknown} */
            strategy: "balanced" | "diverse" | "hard" | "typical" | "deduplicated" | "all" | "indices";
            count?: number;
            seed?: number;
            max_similarity?: number;
            labels?: {
                from: string;
                neighbors: number;
                min_confidence: number;
            };
            channels?: number;
        };
        StartedUpload: {
            id: string;
            /** @constant */
            object: "upload";
            project_id: string;
            dataset_id: string | null;
            filename: string;
            bytes: number;
            /** @enum {unknown} */
            status: "pending" | "completed" | "expired";
            /** @description Bytes of every part but the last. */
            part_bytes: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            expires_at: string;
            parts: {
                part: number;
                /** @description Takes a PUT of the part, without a key; answer with its ETag. */
                url: string;
            }[];
        };
        Status: {
            /** @constant */
            status: "ok";
        };
        Sweep: {
            id: string;
            /** @constant */
            object: "sweep";
            project_id: string;
            name: string | null;
            metadata: {
                [key: string]: string;
            };
            /** @description As it was sent. */
            run: {
                [key: string]: unknown;
            };
            grid: components["schemas"]["SweepGrid"] | null;
            random: components["schemas"]["SweepRandom"] | null;
            seed: number | null;
            objective: components["schemas"]["SweepObjective"] | null;
            trial_count: number;
            /** @description How many of its runs have which status. */
            statuses: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        SweepComparison: {
            id: string;
            /** @constant */
            object: "sweep";
            project_id: string;
            name: string | null;
            metadata: {
                [key: string]: string;
            };
            /** @description As it was sent. */
            run: {
                [key: string]: unknown;
            };
            grid: components["schemas"]["SweepGrid"] | null;
            random: components["schemas"]["SweepRandom"] | null;
            seed: number | null;
            objective: components["schemas"]["SweepObjective"] | null;
            trial_count: number;
            /** @description How many of its runs have which status. */
            statuses: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            metrics: string[];
            trials: components["schemas"]["SweepTrial"][];
            standing: components["schemas"]["SweepStanding"] | null;
        };
        /** @description Every combination is a trial; the last field changes first. By names of a run's request with dots: hyperparameters.learning_rate. */
        SweepGrid: {
            [key: string]: components["schemas"]["SweepValue"][];
        };
        SweepList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Sweep"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        SweepObjective: {
            /** @description Of docs/metrics.md, or eval/… where the run has an evaluation: eval/knn_top1_k20. */
            metric: string;
            /** @enum {unknown} */
            direction: "minimize" | "maximize";
        };
        /** @description Every trial draws each. By names of a run's request with dots: hyperparameters.learning_rate. */
        SweepRandom: {
            [key: string]: {
                min: number;
                max: number;
                /**
                 * @description linear unless it is given; log draws factors alike, from above 0.
                 * @enum {unknown}
                 */
                scale?: "linear" | "log";
            } | {
                values: components["schemas"]["SweepValue"][];
            };
        };
        /** @description A request for a run without the fields that are varied. A name is followed by the number of the trial. */
        SweepRunRequest: {
            name?: string | null;
            /** @description ds_…@3, or ds_… for the latest ready version. */
            dataset?: string;
            /**
             * @description dino-vmf unless it is given.
             * @enum {unknown}
             */
            method?: "dino" | "dino-vmf" | "ibot" | "ibot-vmf";
            /**
             * @description auto unless it is given: chosen from the images of the dataset and compute.device (docs/presets.md).
             * @enum {unknown}
             */
            preset?: "auto" | "demo" | "mu" | "small-images" | "vit-small-16" | "vit-base-16";
            /** @enum {unknown} */
            arch?: "vit_mu" | "vit_nano" | "vit_tiny" | "vit_small" | "vit_base" | "vit_large";
            patch_size?: number;
            seed?: number;
            hyperparameters?: components["schemas"]["Hyperparameters"];
            init?: components["schemas"]["InitRequest"];
            compute?: {
                /**
                 * @description What the run has to be trained on; it waits for a worker that has it. `any`, the default, is whatever the worker's engine computes on. `cuda` is deprecated and means `gpu`.
                 * @enum {unknown}
                 */
                device?: "any" | "cpu" | "gpu" | "cuda";
                /** @description How many of one host share every batch, 1 by default; a worker with fewer does not take the run. */
                devices?: number;
                max_runtime_s?: number;
                priority?: number;
            };
            /** @description What is not said of which checkpoints stay is as the project has it. */
            checkpoint?: {
                every_s?: number;
                /** @description How many of the newest stay; 3 unless it is given. */
                keep_last?: number;
                keep_every_epochs?: number | null;
                keep_best?: {
                    /** @description Of docs/metrics.md, as it was at the step of a checkpoint: loss, eval/knn_top1_k20. */
                    metric: string;
                    /** @enum {unknown} */
                    direction: "minimize" | "maximize";
                    count: number;
                } | null;
            };
            alarms?: {
                /** @enum {unknown} */
                rule: "collapse";
                /** @enum {unknown} */
                action: "notify" | "pause";
            }[];
            evaluation?: {
                /** @description The bank, which votes or is learned from: ds_…@3, or ds_… for the latest ready version. */
                dataset: string;
                queries?: string | null;
                protocols?: ("knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune")[] | null;
                /** @description What is not said is the default of the protocol, and stands in its result. One that no protocol hears is refused. */
                settings?: {
                    /** @description Neighbours that vote in knn; cut to the size of the bank. */
                    k?: number[];
                    /** @description Of images for few_shot. */
                    draws?: number;
                    /** @description The first so many of an embedding, of unit length again, as `dimensions` of POST /v1/embeddings; all by default. Not for what trains, nor for protocols of prototypes. */
                    dimensions?: number;
                    /** @description That linear trains its classifiers for (100), and finetune its model at each rate (20). */
                    epochs?: number;
                    /** @description Learning rates that finetune tries; of one, nothing has to be chosen. */
                    rates?: number[];
                    /** @description Of draws, folds and intervals; 0 by default. */
                    seed?: number;
                };
                every_epochs?: number | null;
            } | null;
            metadata?: {
                [key: string]: string;
            };
        };
        SweepStanding: {
            best: {
                trial: number;
                run: string;
                step: number;
                value: number;
            } | null;
            leading: {
                trial: number;
                run: string;
                step: number;
                value: number;
            } | null;
            /** @description Trials that have not ended: while there are any, the best may still be another one. */
            open: number;
            /** @description Trials that succeeded and have no finite value of the metric, or none yet. */
            without_value: number;
        };
        SweepTrial: {
            /** @description From 1. */
            trial: number;
            /** @description By the names of the fields that are varied. */
            values: {
                [key: string]: components["schemas"]["SweepValue"];
            };
            run: string | null;
            status: ("queued" | "starting" | "running" | "pausing" | "paused" | "cancelling" | "cancelled" | "succeeded" | "failed") | null;
            status_reason: string | null;
            progress: {
                step: number;
                total_steps: number;
                epoch: number;
                percent: number;
                images_seen: number;
            } | null;
            eta_s: number | null;
            error: {
                code: string;
                message: string;
                retryable: boolean;
                step: number | null;
            } | null;
            model: string | null;
            /** @description The last point of each that was asked for: null where there is none, its value null where it is not finite. */
            metrics: {
                [key: string]: {
                    step: number;
                    value: number | null;
                } | null;
            };
        };
        SweepValue: number | string | boolean | null | (number | string)[];
        /**
         * @example {
         *       "name": "embedding service of the shop"
         *     }
         */
        UpdateApiKey: {
            name: string;
        };
        /**
         * @example {
         *       "keep": true
         *     }
         */
        UpdateCheckpoint: {
            keep: boolean;
        };
        /**
         * @example {
         *       "enabled": true,
         *       "window_images": 5000
         *     }
         */
        UpdateDrift: {
            /** @description Whether served images are counted. */
            enabled?: boolean;
            /** @description A window ends with so many images, or a few more. 2000 unless it is set. */
            window_images?: number;
            /** @description A window of a larger psi is over. 0.25 unless it is set. */
            psi_over?: number;
            /** @description A window with a larger share of images below the 5th percentile of training is over. 0.1 unless it is set. */
            low_density_over?: number;
        };
        /**
         * @example {
         *       "name": "the vision team"
         *     }
         */
        UpdateProject: {
            name?: string;
            quotas?: components["schemas"]["AskedQuotas"];
            checkpoint?: components["schemas"]["AskedRetention"];
        };
        /**
         * @example {
         *       "events": [
         *         "run.state",
         *         "run.alarm"
         *       ]
         *     }
         */
        UpdateWebhook: {
            /** @description https, and on the public internet unless the operator allows the network. */
            url?: string;
            events?: ("run.state" | "run.progress" | "run.checkpoint" | "run.alarm" | "run.message" | "model.ready" | "model.failed" | "model.cancelled" | "evaluation.ended" | "vector_set.ended" | "drift.began" | "drift.ended" | "batch.ended" | "version.ready" | "version.failed" | "version.cancelled")[];
            /** @description true also where we have disabled it. */
            enabled?: boolean;
        };
        Upload: {
            id: string;
            /** @constant */
            object: "upload";
            project_id: string;
            dataset_id: string | null;
            filename: string;
            bytes: number;
            /** @enum {unknown} */
            status: "pending" | "completed" | "expired";
            /** @description Bytes of every part but the last. */
            part_bytes: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            expires_at: string;
        };
        UploadList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Upload"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        UploadSource: {
            /** @constant */
            type: "upload";
            /** @description Completed uploads of this dataset: one archive, or images, or IDX images and labels. */
            uploads: string[];
            /** @description Names of the labels 0, 1, … */
            classes?: string[];
            select?: components["schemas"]["ImageSelection"];
            /**
             * @description Bands of every image, as TIFF of so many pages or samples, 8 or 16 bits; other files are rejected. Left out, images are gray or colour, whatever their files have. 3 is colour, and need not be said.
             * @enum {unknown}
             */
            channels?: 2 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16;
        };
        Usage: {
            queued_runs: number;
            storage_bytes: number;
            /** @description Of legs that are under way. */
            devices_at_once: number;
            requests_per_minute: number | null;
            pixels_per_minute: number | null;
        };
        ValidatedFork: {
            /** @constant */
            object: "run_validation";
            dataset: string;
            resolved_recipe: components["schemas"]["Recipe"];
            init: components["schemas"]["Init"] | null;
            /** @description Of preset auto: a sentence for each choice, with its cause. Empty of other presets. */
            recipe_reasons: string[];
            /** @description What the recipe does not use of the images, or makes up, and how many images it is about; `workers`: that none of the workers which are there could take the run; `checkpoint`: that `keep_best` is by what the run does not measure. Of images, empty where the version has no report. */
            warnings: {
                /** @enum {unknown} */
                what: "colour" | "margins" | "bits" | "upscaled" | "workers" | "quota" | "checkpoint";
                images: number;
                message: string;
            }[];
            estimate: components["schemas"]["Estimate"];
            forked_from: components["schemas"]["ForkedFrom"];
        };
        ValidatedRun: {
            /** @constant */
            object: "run_validation";
            dataset: string;
            resolved_recipe: components["schemas"]["Recipe"];
            init: components["schemas"]["Init"] | null;
            /** @description Of preset auto: a sentence for each choice, with its cause. Empty of other presets. */
            recipe_reasons: string[];
            /** @description What the recipe does not use of the images, or makes up, and how many images it is about; `workers`: that none of the workers which are there could take the run; `checkpoint`: that `keep_best` is by what the run does not measure. Of images, empty where the version has no report. */
            warnings: {
                /** @enum {unknown} */
                what: "colour" | "margins" | "bits" | "upscaled" | "workers" | "quota" | "checkpoint";
                images: number;
                message: string;
            }[];
            estimate: components["schemas"]["Estimate"];
        };
        ValidatedSweep: {
            /** @constant */
            object: "sweep_validation";
            trials: {
                trial: number;
                /** @description By the names of the fields that are varied. */
                values: {
                    [key: string]: components["schemas"]["SweepValue"];
                };
                dataset: string;
                resolved_recipe: components["schemas"]["Recipe"];
                /** @description Of preset auto: a sentence for each choice, with its cause. Empty of other presets. */
                recipe_reasons: string[];
                estimate: components["schemas"]["Estimate"];
            }[];
            /** @description What the recipe does not use of the images, or makes up, and how many images it is about; `workers`: that none of the workers which are there could take the run; `checkpoint`: that `keep_best` is by what the run does not measure. Of images, empty where the version has no report. */
            warnings: {
                /** @enum {unknown} */
                what: "colour" | "margins" | "bits" | "upscaled" | "workers" | "quota" | "checkpoint";
                images: number;
                message: string;
            }[];
            estimate: components["schemas"]["Estimate"];
        };
        VectorMap: {
            /** @constant */
            method: "pca";
            /** @description Points: all images, or of more than 200,000 every so-manieth. */
            images: number;
            /** @description Point i is image i × every of the dataset version. */
            every: number;
            /** @description Points whose covariance gave the axes. */
            fitted_on: number;
            /** @description The two axes' shares of the variance of all points, 0 … 1: what the map shows of them. */
            explained: number[];
            /** @description What `label` numbers. */
            labels: string[];
            /** @description Of each point; null without one. */
            label: (number | null)[];
            prototype: (number | null)[] | null;
            log_density: (number | null)[] | null;
            /** @description Along the axis of most variance. */
            x: number[];
            /** @description Along the next. */
            y: number[];
        };
        VectorSet: {
            id: string;
            /** @constant */
            object: "vector_set";
            project_id: string;
            name: string | null;
            model: string;
            /** @description ds_…@3 */
            dataset: string;
            dimensions: number;
            prototypes: number | null;
            index: ("hnsw" | "exact" | "scan") | null;
            metadata: {
                [key: string]: string;
            };
            /** @enum {unknown} */
            status: "queued" | "running" | "cancelled" | "succeeded" | "failed";
            progress: {
                /** @description Embedded so far. */
                images: number;
                /** @description What it costs. */
                total_images: number;
                /** @description Of them, those that were added to what is searched. */
                indexed: number;
            };
            attempt: number;
            /** @description Empty until it has succeeded. */
            files: {
                name: string;
                bytes: number;
                sha256: string;
            }[];
            error: components["schemas"]["ResourceError"] | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            finished_at: string | null;
        };
        VectorSetList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["VectorSet"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        VersionSource: components["schemas"]["UploadSource"] | components["schemas"]["BucketSource"] | components["schemas"]["SelectionSource"];
        Webhook: {
            id: string;
            /** @constant */
            object: "webhook";
            project_id: string;
            url: string;
            events: ("run.state" | "run.progress" | "run.checkpoint" | "run.alarm" | "run.message" | "model.ready" | "model.failed" | "model.cancelled" | "evaluation.ended" | "vector_set.ended" | "drift.began" | "drift.ended" | "batch.ended" | "version.ready" | "version.failed" | "version.cancelled")[];
            enabled: boolean;
            disabled_reason: ("by_user" | "gone" | "given_up" | "backlog") | null;
            disabled_at: string | null;
            failing_since: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
        };
        WebhookDelivery: {
            /** @description The webhook-id of the message, the same in every try. */
            id: string;
            /** @constant */
            object: "webhook_delivery";
            webhook_id: string;
            /** @enum {unknown} */
            event: "run.state" | "run.progress" | "run.checkpoint" | "run.alarm" | "run.message" | "model.ready" | "model.failed" | "model.cancelled" | "evaluation.ended" | "vector_set.ended" | "drift.began" | "drift.ended" | "batch.ended" | "version.ready" | "version.failed" | "version.cancelled";
            /** @description Id of what it is about; a dataset version as ds_…@3. */
            subject: string;
            /** @enum {unknown} */
            status: "pending" | "succeeded" | "failed";
            tries: number;
            response_status: number | null;
            response_body: string | null;
            error: string | null;
            duration_ms: number | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            tried_at: string | null;
            next_try_at: string | null;
            ended_at: string | null;
        };
        WebhookDeliveryList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["WebhookDelivery"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        WebhookList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Webhook"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        WebhookTest: {
            /** @constant */
            object: "webhook_test";
            message_id: string;
            response_status: number | null;
            response_body: string | null;
            error: string | null;
            duration_ms: number;
        };
        WeightSource: {
            /** @constant */
            type: "upload";
            /** @description Completed uploads: one file of weights, config.json, preprocessor_config.json. */
            uploads: string[];
        } | {
            /** @constant */
            type: "s3";
            /** @description A folder in the bucket of the platform. */
            prefix: string;
        };
        Worker: {
            /** @constant */
            object: "worker";
            /** @description In leases and events: another one for every process. */
            name: string;
            /** @description What failures are charged to: the same after a restart. */
            node: string;
            /**
             * @description `resting`: it takes no new work for a while, for the reason given. `lost`: it has not been heard of for a minute.
             * @enum {unknown}
             */
            state: "working" | "resting" | "lost";
            reason: string | null;
            /** @description What it trains with; empty where it trains nothing, for the problem given. */
            offers: {
                engine: string;
                version: string;
                /** @description As the engine calls it. */
                device: string;
                /** @enum {unknown} */
                device_kind: "cpu" | "gpu" | "tpu";
                /** @description The most that one run can have. */
                devices: number;
                memory_bytes: number | null;
                /** @description Of matrix products: float32, tf32, bfloat16 or float16. */
                precision: string;
            }[];
            problem: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            started_at: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            seen_at: string;
        };
        WorkerList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Worker"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description Names the request in the logs. */
        "X-Request-Id": string;
        /** @description Seconds after which the same request may succeed. */
        "Retry-After": number;
        /** @description What is left of each quota, a list: `"per-process";r=<requests>;t=<seconds>` of the key, `"project";…` of its project. */
        RateLimit: string;
        /** @description The quotas, a list: `"per-process";q=<requests>;w=<seconds>` of the key, `"project";…` of its project. */
        "RateLimit-Policy": string;
        /** @description Of these bytes; for If-None-Match, and for If-Match of a PATCH. */
        ETag: string;
        /** @description Where the new resource is. */
        Location: string;
        /** @description The methods that are taken here. */
        Allow: string;
        /** @description Bearer */
        "WWW-Authenticate": string;
        /** @description `true` where the first answer is given again. */
        "Idempotent-Replayed": string;
        /** @description Milliseconds of every stage. */
        "Server-Timing": string;
        /** @description Numbers of one embedding, where the answer is raw float32. */
        "Kappa-Dimensions": number;
        /** @description Of the numbers of a file, such as `1,14,14,384`. */
        "Kappa-Shape": string;
        /** @description What the first and the last colour of a map stand for, such as `0,0.03`. */
        "Kappa-Range": string;
        /** @description That the model has, where none was named. */
        "Kappa-Heads": number;
        /** @description That patches are compared with. */
        "Kappa-Prototype": number;
        /** @description Bytes of the JSON, where tensors come behind it. */
        "Inference-Header-Content-Length": number;
        /** @description The name of the file. */
        "Content-Disposition": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listKeys: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyList"];
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
        };
    };
    getKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateApiKey"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
        };
    };
    listWorkers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerList"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                actor?: string;
                action?: string;
                subject?: string;
                /** @description This instant and later. */
                from?: string;
                /** @description Before this instant. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
        };
    };
    listProjects: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectList"];
                };
            };
        };
    };
    createProject: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateProject"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
        };
    };
    getProject: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteProject: {
        parameters: {
            query?: {
                /** @description Of datasets, uploads of weights, sweeps, runs, models, evaluations and vector sets: whether the project is refused for them, or all of them go, kept checkpoints and aliases included. */
                contents?: "refuse" | "delete";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateProject: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateProject"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
        };
    };
    stopProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
        };
    };
    listProjectKeys: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyList"];
                };
            };
        };
    };
    createProjectKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
        };
    };
    listDatasets: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description A part of the name, in upper or lower case alike. */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetList"];
                };
            };
        };
    };
    createDataset: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDataset"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
        };
    };
    getDataset: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteDataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateDataset: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Description"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
        };
    };
    listUploads: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadList"];
                };
            };
        };
    };
    createUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUpload"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedUpload"];
                };
            };
        };
    };
    completeUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteUpload"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
        };
    };
    deleteUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listDatasetVersions: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetVersionList"];
                };
            };
        };
    };
    createDatasetVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDatasetVersion"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetVersion"];
                };
            };
        };
    };
    getDatasetVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetVersion"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteDatasetVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    cancelDatasetVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetVersion"];
                };
            };
        };
    };
    selectImages: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SelectImages"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetVersion"];
                };
            };
        };
    };
    listDatasetImages: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description Images of this label alone: a number, as images have it. */
                label?: number;
            };
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetImageList"];
                };
            };
        };
    };
    getDatasetImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                version: number;
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetImage"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getImageThumbnail: {
        parameters: {
            query?: {
                /** @description Pixels of the longer side, at the most: nothing is enlarged. */
                size?: number;
            };
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                version: number;
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description WebP: the pixels alone, encoded anew. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "image/webp": string;
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getImageFile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                version: number;
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All bytes. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                    "image/avif": string;
                    "image/tiff": string;
                    "image/gif": string;
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listRejectedFiles: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RejectedFileList"];
                };
            };
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description A part of the name, in upper or lower case alike. */
                name?: string;
                /** @description What comes first. */
                order?: "newest" | "oldest";
                status?: "queued" | "starting" | "running" | "pausing" | "paused" | "cancelling" | "cancelled" | "succeeded" | "failed";
                dataset?: string;
                sweep?: string;
                /** @description Those that were archived, or those that were not; both by default. */
                archived?: boolean;
                /** @description metadata[key]=value, as often as wanted. */
                metadata?: {
                    [key: string]: string;
                };
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunList"];
                };
            };
        };
    };
    createRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRun"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedRun"];
                };
            };
        };
    };
    validateRun: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRun"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidatedRun"];
                };
            };
        };
    };
    getRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunDescription"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    pauseRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    resumeRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    cancelRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    retryRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    extendRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtendRun"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExtendedRun"];
                };
            };
        };
    };
    forkRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForkRun"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedRun"];
                };
            };
        };
    };
    validateFork: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForkRun"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidatedFork"];
                };
            };
        };
    };
    listRunEvents: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The seq of the last event seen. */
                after?: number;
            };
            header?: {
                /** @description Where a broken stream goes on. */
                "Last-Event-ID"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or the stream. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunEventList"];
                    "text/event-stream": string;
                };
            };
        };
    };
    getRunMetrics: {
        parameters: {
            query?: {
                /** @description Names of docs/metrics.md, with commas: loss,teacher_entropy; eval/* for all of evaluations, system/* for all of the machine. All without. */
                keys?: string;
                /** @description First step. */
                from?: number;
                /** @description Last step. */
                to?: number;
                /** @description Of each key. */
                max_points?: number;
                /** @description A metric with more points than max_points is cut into max_points / 2 buckets of about equally many steps; each gives its extremes. */
                agg?: "minmax";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Metrics"];
                };
            };
        };
    };
    listRunCheckpoints: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckpointList"];
                };
            };
        };
    };
    getCheckpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                checkpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Checkpoint"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteCheckpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                checkpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateCheckpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
                checkpoint_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateCheckpoint"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Checkpoint"];
                };
            };
        };
    };
    listSweeps: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description A part of the name, in upper or lower case alike. */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepList"];
                };
            };
        };
    };
    createSweep: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSweep"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedSweep"];
                };
            };
        };
    };
    validateSweep: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSweep"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidatedSweep"];
                };
            };
        };
    };
    getSweep: {
        parameters: {
            query?: {
                /** @description Names of docs/metrics.md, with commas. Without: loss, and what the objective is about. */
                metrics?: string;
            };
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepComparison"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteSweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateSweep: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OptionalDescription"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepComparison"];
                };
            };
        };
    };
    pauseSweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepComparison"];
                };
            };
        };
    };
    resumeSweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepComparison"];
                };
            };
        };
    };
    cancelSweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepComparison"];
                };
            };
        };
    };
    retrySweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepComparison"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description A part of the name, in upper or lower case alike. */
                name?: string;
                /** @description A whole name, as it is written: its versions alone. */
                versions_of?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
        };
    };
    createModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateModel"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModelDescription"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
        };
    };
    listArtifacts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactList"];
                };
            };
        };
    };
    cancelModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
        };
    };
    listModelAliases: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Of models, percent-encoded where it has to be. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAliasList"];
                };
            };
        };
    };
    getModelAlias: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Of models, percent-encoded where it has to be. */
                name: string;
                alias: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAlias"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    putModelAlias: {
        parameters: {
            query?: never;
            header?: {
                /** @description `*`: 412 where there is such an alias. */
                "If-None-Match"?: string;
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                /** @description Of models, percent-encoded where it has to be. */
                name: string;
                /** @description A letter, then up to 63 letters, digits, points, hyphens and underscores. */
                alias: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveAlias"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAlias"];
                };
            };
        };
    };
    deleteModelAlias: {
        parameters: {
            query?: never;
            header?: {
                /** @description `*`: 412 where there is such an alias. */
                "If-None-Match"?: string;
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                /** @description Of models, percent-encoded where it has to be. */
                name: string;
                alias: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listWeightUploads: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadList"];
                };
            };
        };
    };
    createWeightUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWeightUpload"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedUpload"];
                };
            };
        };
    };
    completeWeightUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteUpload"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
        };
    };
    deleteWeightUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listPrototypes: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description By fitted_kappa, prototypes without a fitted component are left out. */
                sort?: "index" | "-kappa" | "kappa" | "-usage" | "usage" | "-fitted_kappa" | "fitted_kappa";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrototypeList"];
                };
            };
        };
    };
    getPrototype: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prototype"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getKappa: {
        parameters: {
            query?: {
                /** @description model: ‖w‖/τ, how precisely the teacher assigns. fitted: how tightly training images lie. */
                view?: "model" | "fitted";
                bins?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Kappa"];
                };
            };
        };
    };
    getMatching: {
        parameters: {
            query?: {
                /** @description The model whose prototypes are known, named as everywhere; the version before unless it is given. */
                against?: string;
                /** @description Whose images are compared, as ds_…@3; that of the newest vector sets unless it is given. */
                dataset?: string;
                /** @description Pairs that are less similar are none. */
                min_similarity?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Matching"];
                };
            };
        };
    };
    getDrift: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drift"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateDrift: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateDrift"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drift"];
                };
            };
        };
    };
    listEvaluations: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description A part of the name, in upper or lower case alike. */
                name?: string;
                /** @description Its id, `name@3`, `name@alias`, or the id of its run. */
                model?: string;
                /** @description Those that it asked for, of its checkpoints and its model. */
                run?: string;
                /** @description The bank: ds_…@3, or ds_… for any version. */
                dataset?: string;
                /** @description Those that have a result of it. */
                protocol?: "knn" | "logistic" | "few_shot" | "retrieval" | "clustering" | "prototypes" | "label_free" | "linear" | "finetune" | "copy_detection" | "revisited";
                status?: "queued" | "running" | "cancelled" | "succeeded" | "failed";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EvaluationList"];
                };
            };
        };
    };
    createEvaluation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateEvaluation"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
        };
    };
    getEvaluationReport: {
        parameters: {
            query: {
                /** @description Of evaluations that have succeeded; as often as wanted. */
                id: string | string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    getEvaluation: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteEvaluation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateEvaluation: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OptionalDescription"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
        };
    };
    cancelEvaluation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
        };
    };
    listPrototypeImages: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrototypeImagesList"];
                };
            };
        };
    };
    getPrototypeImages: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrototypeImages"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listVectorSets: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description A part of the name, in upper or lower case alike. */
                name?: string;
                /** @description Its id, `name@3`, `name@alias`, or the id of its run. */
                model?: string;
                /** @description ds_…@3, or ds_… for any version. */
                dataset?: string;
                status?: "queued" | "running" | "cancelled" | "succeeded" | "failed";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VectorSetList"];
                };
            };
        };
    };
    createVectorSet: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateVectorSet"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VectorSet"];
                };
            };
        };
    };
    getVectorSet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VectorSet"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteVectorSet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateVectorSet: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OptionalDescription"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VectorSet"];
                };
            };
        };
    };
    listVectorSetFiles: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactList"];
                };
            };
        };
    };
    getVectorSetMap: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Columns. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VectorMap"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    cancelVectorSet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VectorSet"];
                };
            };
        };
    };
    listOutliers: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OutlierList"];
                };
            };
        };
    };
    listNearDuplicates: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description Cosine, at the least. */
                min_similarity?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NearDuplicatesList"];
                };
            };
        };
    };
    listProposedLabels: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                /** @description Another vector set of the same model, whose labels are asked; left out, those of the same set. */
                from?: string;
                /** @description Images with a label that vote, weighted by exp(cosine / 0.07). */
                neighbors?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProposedLabelList"];
                };
            };
        };
    };
    getLabelAccuracy: {
        parameters: {
            query?: {
                /** @description Another vector set of the same model, whose labels are asked; left out, those of the same set. */
                from?: string;
                /** @description Images with a label that vote, weighted by exp(cosine / 0.07). */
                neighbors?: number;
                /** @description Images with a label that are asked; fewer where that is as much as one request may compare. */
                sample?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LabelAccuracy"];
                };
            };
        };
    };
    listFiles: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                after?: string;
                purpose?: "batch" | "batch_output";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestFileList"];
                };
            };
        };
    };
    createFile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @constant */
                    purpose: "batch";
                    /**
                     * Format: binary
                     * @description JSONL: a request a line, `{"custom_id", "method", "url", "body"}`.
                     */
                    file: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestFile"];
                };
            };
        };
    };
    getFile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestFile"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedFile"];
                };
            };
        };
    };
    getFileContent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description JSONL. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
        };
    };
    listBatches: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchList"];
                };
            };
        };
    };
    createBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateBatch"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    getBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    cancelBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repeated request safe for 24 hours. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhook"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedWebhook"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that an answer had: 412 where somebody has changed since what this may change. `*` is whatever there is. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWebhook"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedWebhook"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTest"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description Items in a page. */
                limit?: number;
                /** @description next_cursor of the page before, of the same list in the same order. */
                after?: string;
                status?: "pending" | "succeeded" | "failed";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
        };
    };
    replayWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
        };
    };
    createEmbeddings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateEmbeddings"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Embeddings"];
                };
            };
        };
    };
    inferModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferRequest"];
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description One tensor an output, its rows in the order of the images. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    "Inference-Header-Content-Length": components["headers"]["Inference-Header-Content-Length"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferAnswer"];
                    "application/octet-stream": string;
                };
            };
        };
    };
    inferModelVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferRequest"];
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description One tensor an output, its rows in the order of the images. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    "Inference-Header-Content-Length": components["headers"]["Inference-Header-Content-Length"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferAnswer"];
                    "application/octet-stream": string;
                };
            };
        };
    };
    createModelEmbeddings: {
        parameters: {
            query?: {
                /** @description base64 is little-endian, of output_dtype. */
                encoding_format?: "float" | "base64";
                /** @description float32 where it is left out. float16: rounded. int8: the largest number of a vector is ±127, others in proportion; uint8: the same and 128 more. binary: a bit a number, 1 above 0, the first the highest of the first byte. What each costs in recall: docs/api.md. */
                output_dtype?: "float32" | "float16" | "int8" | "uint8" | "binary";
                /** @description cls where it is left out: the class token. bottleneck: what prototypes are compared with, of models that have them. mean_patch: the mean of the tokens of patches after the last normalization, without class token and registers. Of unit length. patches: those tokens as they are, float32 [images, rows, columns, dimensions] in one file. */
                output?: "cls" | "bottleneck" | "mean_patch" | "patches";
                /** @description In which vectors are computed; float32 where it is left out. int8: in 8 bits, of models whose `config.precisions` says what it costs on their own images, for output cls at the size of the model. Other models, outputs and sizes: 409. */
                precision?: "float32" | "int8";
                /** @description Of patches. npy where it is left out: a NumPy file. safetensors: with the tensor `patches`. */
                file_format?: "npy" | "safetensors";
                /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
                image_size?: number;
                /** @description Keeps the first so many numbers of each vector, at unit length again. */
                dimensions?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateModelEmbeddings"];
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "image/avif": string;
                "image/tiff": string;
                "image/gif": string;
                "application/octet-stream": string;
                "multipart/form-data": {
                    images: string[];
                };
            };
        };
        responses: {
            /** @description One embedding an image, in order. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    "Kappa-Dimensions": components["headers"]["Kappa-Dimensions"];
                    "Kappa-Shape": components["headers"]["Kappa-Shape"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Embeddings"];
                    "application/octet-stream": string;
                };
            };
        };
    };
    createAssignments: {
        parameters: {
            query?: {
                top_k?: number;
                /** @description teacher (the default of a model that has it): softmax of the logits with the center, what training made targets of; without the center most images go to a handful of prototypes. model: without the center, equal weights. fitted: weights, directions and kappas of the mixture that was fitted to the training images. */
                posterior?: "teacher" | "model" | "fitted";
                /** @description Acts on posterior 'model' alone: a center belongs to the temperature that it was counted at. */
                temperature?: number;
                /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
                image_size?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAssignments"];
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "image/avif": string;
                "image/tiff": string;
                "image/gif": string;
                "application/octet-stream": string;
                "multipart/form-data": {
                    images: string[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignments"];
                };
            };
        };
    };
    createAttentionMap: {
        parameters: {
            query?: {
                /** @description Counted from 0. Left out, a picture is of the mean of all, and numbers are of all. */
                head?: number;
                /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
                image_size?: number;
                /** @description png where it is left out: a picture. Or numbers: float32, [rows, columns] of a heat map, [heads, rows, columns] of attention. */
                format?: "png" | "json" | "npy";
                /** @description Of a picture. overlay where it is left out: over what the model sees of the image, in gray. map: alone. The colours are viridis. */
                draw?: "overlay" | "map";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAttentionMap"];
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "image/avif": string;
                "image/tiff": string;
                "image/gif": string;
                "application/octet-stream": string;
                "multipart/form-data": {
                    images: string[];
                };
            };
        };
        responses: {
            /** @description By `format`. The header Kappa-Range says what the first and the last colour stand for. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    "Kappa-Range": components["headers"]["Kappa-Range"];
                    "Kappa-Shape": components["headers"]["Kappa-Shape"];
                    "Kappa-Heads": components["headers"]["Kappa-Heads"];
                    [name: string]: unknown;
                };
                content: {
                    "image/png": string;
                    "application/json": components["schemas"]["AttentionMap"];
                    "application/octet-stream": string;
                };
            };
        };
    };
    createHeatMap: {
        parameters: {
            query?: {
                /** @description The image's likeliest where it is left out, which the header Kappa-Prototype names. */
                prototype?: number;
                /** @description cosine where it is left out: between a patch, through the head, and the prototype's direction. posterior: the share of the patch that is the prototype's, by what assigns images. */
                value?: "cosine" | "posterior";
                /** @description Pixels of a side that the model sees; its own where it is left out. Whole patches, from half of the model's to twice: positions are resampled, and margins that are cut stay in proportion. */
                image_size?: number;
                /** @description png where it is left out: a picture. Or numbers: float32, [rows, columns] of a heat map, [heads, rows, columns] of attention. */
                format?: "png" | "json" | "npy";
                /** @description Of a picture. overlay where it is left out: over what the model sees of the image, in gray. map: alone. The colours are viridis. */
                draw?: "overlay" | "map";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateHeatMap"];
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "image/avif": string;
                "image/tiff": string;
                "image/gif": string;
                "application/octet-stream": string;
                "multipart/form-data": {
                    images: string[];
                };
            };
        };
        responses: {
            /** @description By `format`. The header Kappa-Range says what the first and the last colour stand for. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    "Kappa-Range": components["headers"]["Kappa-Range"];
                    "Kappa-Shape": components["headers"]["Kappa-Shape"];
                    "Kappa-Prototype": components["headers"]["Kappa-Prototype"];
                    [name: string]: unknown;
                };
                content: {
                    "image/png": string;
                    "application/json": components["schemas"]["HeatMap"];
                    "application/octet-stream": string;
                };
            };
        };
    };
    searchVectorSet: {
        parameters: {
            query?: {
                /** @description Images that are answered. */
                top_k?: number;
                /** @description Cosine, at the least. */
                min_similarity?: number;
                /** @description Images of this class. */
                label?: string;
                /** @description Images of this prototype. */
                in_prototype?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchVectorSet"];
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "image/avif": string;
                "image/tiff": string;
                "image/gif": string;
                "application/octet-stream": string;
                "multipart/form-data": {
                    images: string[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Server-Timing": components["headers"]["Server-Timing"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Matches"];
                };
            };
        };
    };
    getInferenceServer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceServer"];
                };
            };
        };
    };
    getInferenceLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceServerLive"];
                };
            };
        };
    };
    getInferenceReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceServerReady"];
                };
            };
        };
    };
    getInferenceModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceModel"];
                };
            };
        };
    };
    getInferenceModelReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceModelReady"];
                };
            };
        };
    };
    getInferenceModelVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceModel"];
                };
            };
        };
    };
    getInferenceModelVersionReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceModelReady"];
                };
            };
        };
    };
    getObject: {
        parameters: {
            query?: never;
            header?: {
                /** @description One range: `bytes=0-99`, `bytes=100-` or `bytes=-100`. */
                range?: string;
                /** @description The ETag that the range is of; else the whole is sent. */
                "if-range"?: string;
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All bytes. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Strong: another one when the bytes are others. */
                    ETag?: string;
                    /** @description The name to keep it under. */
                    "Content-Disposition"?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: "bytes";
                    /** @description Bytes of the body. */
                    "Content-Length"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The bytes of the range. */
            206: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Strong: another one when the bytes are others. */
                    ETag?: string;
                    /** @description The name to keep it under. */
                    "Content-Disposition"?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: "bytes";
                    /** @description Bytes of the body. */
                    "Content-Length"?: number;
                    /** @description `bytes 0-99/1000`: the first and the last byte, and how many the object has. */
                    "Content-Range"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Strong: another one when the bytes are others. */
                    ETag?: string;
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    /** @description `bytes` */
                    "Accept-Ranges"?: "bytes";
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    putObjectPart: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Stored; no body. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What completing the upload wants of this part. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    headObject: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "If-None-Match"?: string;
            };
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As GET would answer; no body. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Strong: another one when the bytes are others. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: "bytes";
                    /** @description Bytes of the body. */
                    "Content-Length"?: number;
                    /** @description The name to keep it under. */
                    "Content-Disposition"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not modified. */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Strong: another one when the bytes are others. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: "bytes";
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Text format. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    getRoot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page where the dashboard is installed. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Root"];
                    "text/html": string;
                };
            };
        };
    };
}
