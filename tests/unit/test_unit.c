/* tests/unit/test_unit.c - whole lives of a sync unit: events as letters, and what they lead to. */
#include "unit_life.h"

/* ---- whole lives ----------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    const char *events, *actions; /* letters of unit_life.h */
} rows[] = {
    {"the timer starts a pass and its end re-arms the timer", "td", "ST"},
    {"a request during a pass is served right after it", "tsd", "SS"},
    {"two requests during a pass become one", "tssd", "SS"},
    {"a webhook's small pass keeps the full one's time", "wd", "SK"},
    {"a pause stops the running pass, resume catches up", "tpdr", "SCS"},
    {"a paused unit ignores its timer", "pt", ""},
    {"resume catches up at once", "ptr", "S"},
    {"a refused credential pauses the unit", "tasst", "S"},
    {"and resume starts it again", "tar", "SS"},

    {"a request starts a pass at once and keeps the interval's time", "sd", "SK"},
    {"two requests during a pass are both served by the next", "tssdd", "SST"},
    {"a webhook during a pass gets its own pass", "twdd", "SST"},
    {"a webhook during a full request's pass gets its own pass", "swdd", "SSK"},
    {"a pass that ends with held records has ended well", "th", "ST"},
    {"the interval that ends during a full pass starts no second one", "std", "ST"},
    {"the interval that ends during a targeted pass is served after it", "wtdd", "SST"},
    {"a stray end of a pass is absorbed", "d", "K"},
    {"a timer that comes too late for its pass is absorbed", "tdee", "STKK"},
    {"ensuring a known unit changes nothing", "e", "K"},
    {"ensuring during a pass changes nothing", "ted", "ST"},
    {"another `every` counts from now", "q", "T"},
    {"an interval set by hand counts from now", "i", "T"},
    {"an interval set during a pass is armed at its end", "tid", "ST"},

    {"a pause is felt once", "tpp", "SC"},
    {"a request while paused waits for resume", "psr", "S"},
    {"a paused unit stays paused when its pass ends", "tpd", "SC"},
    {"a pass cancelled by a pause goes on from its checkpoint, then catches up", "tpcrdd", "SCGST"},
    {"resume before the cancelled pass has ended lets it go on", "tprcdd", "SCGST"},
    {"pause, resume, pause cancel the pass once", "tprp", "SC"},
    {"a pass cancelled without a pause goes on at once", "tc", "SG"},
    {"a second pause cancels the pass that went on", "tpcrp", "SCGC"},
    {"a slice that is over goes on at once", "tlld", "SGGT"},
    {"a slice that is over while paused goes on with resume", "tplr", "SCG"},
    {"a request does not interrupt a sliced pass", "tsld", "SGS"},

    {"a failed pass is tried again", "tfyd", "STST"},
    {"a second failure waits again", "tfyfyd", "STSTST"},
    {"a request ends the back-off", "tfs", "STS"},
    {"a webhook ends the back-off", "tfw", "STS"},
    {"a pass that failed for good waits for its interval", "tFtd", "STST"},
    {"a request retries what failed for good", "tFs", "STS"},
    {"a failed pass of a paused unit waits for resume", "tpfr", "SCS"},

    {"a rate limit goes on when told", "tvyd", "STGT"},
    {"a request does not override a rate limit", "tvsyd", "STKGS"},
    {"a pause during a rate limit stops its timer, resume sets it again", "tvpry", "STKG"},
    {"a second rate limit waits again", "tvyvyd", "STGTGT"},

    {"tripped limits wait for a person", "txt", "S"},
    {"a request does not override limits", "txs", "S"},
    {"approve lets it go on", "txAd", "SST"},
    {"resume tries again under the same limits", "txr", "SS"},
    {"approve for nothing is absorbed", "A", "K"},
    {"approve while paused waits for resume", "txpAr", "SS"},

    {"a unit that is gone starts nothing", "gts", ""},
    {"a unit that came back starts at once", "ge", "S"},
    {"a pass of a unit that is gone ends in peace", "tgd", "S"},
    {"a cancelled pass of a unit that is gone goes on once it is back", "tgce", "SG"},
    {"a unit that is gone is swept when a person says so", "gA", "S"},
    {"and once more when it is said again", "gAdAd", "SS"},
    {"but not while it is", "gAAdy", "S"},
    {"not because of what was said before", "tpAgr", "SC"},
    {"a failed sweep is tried again", "gAfy", "STS"},
    {"an interrupted one goes on", "gAc", "SG"},
    {"a rate limit is waited out in it", "gAvy", "STG"},
    {"a paused one waits for resume", "gpAr", "S"},
    {"the pass that was interrupted makes way", "tpcgAr", "SCS"},
    {"a unit that is back while it waits for its sweep is read instead", "gAve", "STS"},
    {"and so is one that is back in mid-sweep", "gAec", "SS"},
    {"and one whose sweep fails then", "gAefy", "STS"},
    {"what went beyond limits does not sweep", "txAgc", "SS"},
};

static void steps(void **state)
{
    const struct row *row = *state;
    life l = {0};
    char actions[64] = "", *out = actions;

    life_idle(&l, false);
    for (const char *event = row->events; *event; event++)
        play(&l, *event, &out);
    assert_string_equal(actions, row->actions);
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct state_row {
    const char *name, *events, *state;
} states[] = {
    {"state: idle", "", "idle"},
    {"state: running", "s", "running"},
    {"state: running with more to do", "ss", "running"},
    {"state: waiting for a retry", "sf", "waiting"},
    {"state: waiting for a rate limit", "sv", "waiting"},
    {"state: waiting for approval", "sx", "waiting"},
    {"state: paused", "p", "paused"},
    {"state: paused by a credential", "sa", "paused"},
    {"state: paused in a pass", "sp", "paused"},
    {"state: idle after a pass", "sd", "idle"},
    {"state: gone", "g", "idle"},
    {"state: gone, and its sweep waits for a retry", "gAf", "waiting"},
};

static void state_row(void **state)
{
    const struct state_row *row = *state;
    life l = {0};
    char actions[64], *out = actions;

    life_idle(&l, false);
    for (const char *event = row->events; *event; event++)
        play(&l, *event, &out);
    assert_string_equal(ds_unit_state_name(&l.unit, l.now), row->state);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(ds_pass_kind_name(DS_PASS_FULL), "full");
    assert_string_equal(ds_pass_kind_name(DS_PASS_CHANGES), "changes");
    assert_string_equal(ds_pass_kind_name(DS_PASS_TARGETED), "targeted");
    assert_string_equal(ds_pass_kind_name((ds_pass_kind)77), "unknown");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_DONE), "done");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_PARTIAL), "partial");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_FAILED), "failed");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_PAUSED), "paused");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_APPROVAL), "paused");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_WAITING), "waiting");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_CANCELLED), "cancelled");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_SLICED), "sliced");
    assert_string_equal(ds_pass_outcome_name((ds_pass_outcome)77), "unknown");
}

int main(void)
{
    add_table(rows, steps);
    add_table(states, state_row);
    add_test(names);
    return run_tests("sync unit");
}
