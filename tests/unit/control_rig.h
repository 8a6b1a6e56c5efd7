/* tests/unit/control_rig.h - an engine that listens on its control socket. */
#ifndef TESTS_UNIT_CONTROL_RIG_H
#define TESTS_UNIT_CONTROL_RIG_H

#include "engine_rig.h"

#include "engine/embedded/address.h"
#include <errno.h>
#include <sys/stat.h>

#define ANSWER_TIMEOUT_MS 60000

static DS_UNUSED void daemon_with(rig *r, size_t rows)
{
    rig_init(r);
    r->options.socket = r->socket;
    rig_rows("all", rows);
    rig_start(r);
    rig_outcome(rig_run(r, 1), DS_PASS_DONE);
}

static DS_UNUSED const ds_json *ask(const rig *r, const char *request)
{
    const ds_json *answer = NULL;
    ds_err err = DS_ERR_INIT;

    if (!ds_control_call(r->socket, request, ANSWER_TIMEOUT_MS, scratch, &answer, &err))
        fail_msg("%s: %s", request, err.text);
    return answer;
}

#endif
