/* tests/unit/test_grpc_away.c - a server is there, and takes no calls. */
#include "grpc_rig.h"

/* None takes a call, as where a proxy is on its way out. */
static void serve_none(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        h2_peer_goaway(&p, 0, 0, "draining");
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void a_command_does_not_storm_a_server_that_takes_no_calls(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_none, (ds_grpc_options){.fail_fast = true});
    q = ask(&r, "Do", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false, "not sent: the server ");
    assert_true(http_server_connections(r.server) <= 2);
    rig_close(&r);
}

int main(void)
{
    add_test(a_command_does_not_storm_a_server_that_takes_no_calls);
    return run_tests("grpc away");
}
