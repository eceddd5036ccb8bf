#ifndef AISLE_TESTS_SUPPORT_LIVE_LOG_CONTRACT_H
#define AISLE_TESTS_SUPPORT_LIVE_LOG_CONTRACT_H

/*
 * What every log must do, whatever it is made of (struct log_backend). A backend that passes can stand behind struct
 * live. The fixture says how its store is emptied, how a power cut is played, and how its calls are made to fail.
 */
#include "server/live/update_log.h"

struct log_fixture {
    const char *name;
    const struct log_backend *backend;
    const char *dir;
    void (*reset)(void);                           /* an empty store; nothing fails */
    void (*restart)(bool power_cut);               /* after close, or instead of it when the process "died" */
    void (*break_calls)(bool appends, bool syncs); /* from now on, until both are false */
};

/* Fails by cmocka's asserts. */
void log_contract_run(const struct log_fixture *f);

#endif
