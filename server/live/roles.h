#ifndef AISLE_SERVER_LIVE_ROLES_H
#define AISLE_SERVER_LIVE_ROLES_H

/* Roles of an index that is made over the API, recognised from the first objects that are written to it. */
#include "server/live/live.h"

/* Looks at the objects that the batch puts into the index from operation `from` on: the attributes whose name and
 * values fit a role. *roles is an object for the settings' key "roles", in the arena; false when there are none. */
bool roles_recognise(const struct live_batch *batch, size_t from, struct str index, struct arena *arena,
                     struct json *roles);

#endif
