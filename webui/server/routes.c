/* What there is to ask for. The first that fits counts. Whatever looks into the outbox is
 * slow: it may lie on a share that does not answer. */
#include "webui/server/web.h"

#define JOB "/api/v1/jobs/{id}"

const struct http_route web_routes[] = {
	{ "GET", "/", assets_page, HTTP_NO_BODY, false },
	{ "GET", "/submit", assets_page, HTTP_NO_BODY, false },
	{ "GET", "/jobs/{id}", assets_page, HTTP_NO_BODY, false },
	{ "GET", "/docs", assets_docs, HTTP_NO_BODY, false },
	{ "GET", "/api/v1/openapi.json", assets_openapi, HTTP_NO_BODY, false },
	{ "GET", "/static/{rest}", assets_file, HTTP_NO_BODY, false },
	{ "GET", "/health", info_health, HTTP_NO_BODY, false },
	{ "GET", "/health/ready", info_ready, HTTP_NO_BODY, false },
	{ "GET", "/metrics", info_metrics, HTTP_NO_BODY, true },
	{ "GET", "/api/v1/jobs", jobs_list, HTTP_NO_BODY, false },
	{ "POST", "/api/v1/jobs", submit_json, HTTP_JSON, true },
	{ "POST", "/api/v1/jobs/upload", submit_form, HTTP_FORM, true },
	{ "POST", "/api/v1/jobs/batch", submit_batch, HTTP_JSON, true },
	{ "GET", "/api/v1/jobs/solvents", info_solvents, HTTP_NO_BODY, false },
	{ "POST", "/api/v1/check", check_structure, HTTP_JSON, true },
	{ "GET", "/api/v1/options", info_options, HTTP_NO_BODY, false },
	{ "GET", "/api/v1/machine", info_machine, HTTP_NO_BODY, true },
	{ "GET", "/api/v1/events", events_stream, HTTP_NO_BODY, false },
	{ "GET", JOB, jobs_one, HTTP_NO_BODY, true },
	{ "GET", JOB "/results", results_json, HTTP_NO_BODY, true },
	{ "GET", JOB "/geometry.json", results_geometry_json, HTTP_NO_BODY, true },
	{ "GET", JOB "/output", results_zip, HTTP_NO_BODY, true },
	{ "GET", JOB "/log", results_log, HTTP_NO_BODY, true },
	{ "GET", JOB "/optimisation", optimisation_show, HTTP_NO_BODY, true },
	{ "POST", JOB "/cancel", verbs_do, HTTP_NO_BODY, true },
	{ "POST", JOB "/retry", verbs_do, HTTP_NO_BODY, true },
	{ "POST", JOB "/hold", verbs_do, HTTP_NO_BODY, true },
	{ "POST", JOB "/release", verbs_do, HTTP_NO_BODY, true },
	{ "POST", JOB "/republish", verbs_do, HTTP_NO_BODY, true },
	{ "POST", JOB "/priority", verbs_do, HTTP_JSON, true },
	{ "GET", JOB "/files/{rest}", results_file, HTTP_NO_BODY, true },
	{ "GET", JOB "/{rest}", results_named, HTTP_NO_BODY, true },
	{ NULL, NULL, NULL, HTTP_NO_BODY, false },
};
