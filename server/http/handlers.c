#include "server/http/handlers.h"

/* Rows with words where others have {objectID} come before them. */
const struct route *const handler_families[] = {
    recommend_routes, search_routes, health_routes,    suggest_routes, browse_routes,  settings_routes,
    synonym_routes,   admin_routes,  inventory_routes, batch_routes,   apply_routes,   delete_by_routes,
    event_routes,     report_routes, object_routes,    bulk_routes,    elastic_routes, NULL,
};
