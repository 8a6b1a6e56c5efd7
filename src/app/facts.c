/* src/app/facts.c - what holds for every command: exit codes, variables, files. */
#include "app/manual.h"

const ds_fact ds_exit_codes[] = {
    {"0", "done"},
    {"1", "a pass failed (`once`, `sync --wait`)"},
    {"2", "usage or configuration"},
    {"3", "waiting for a person: paused, login, approval (`once`, `sync --wait`)"},
    {"4", "done, but records are held (`once`, `sync --wait`)"},
    {"5", "the store is in use by another process"},
    {"10", "`plan --exit-code`, and there is something to write"},
    {NULL, NULL},
};

const ds_fact ds_environment[] = {
    {"DURABLE_SYNC_CONFIG", "the configuration, where `-c` is not given"},
    {"DURABLE_SYNC_STORE", "the store of a program of one route that runs without a configuration"},
    {"DURABLE_SYNC_CONNECTORS",
     "folders with connectors to be loaded, absolute, with colons between"},
    {"CREDENTIALS_DIRECTORY",
     "where `${credential:NAME}` looks: systemd sets it; else the credentials of the running "
     "`durable-sync.service`"},
    {"NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
     "systemd's, for `run`: whom to tell that it is ready, what it does and that it lives"},
    {"JOURNAL_STREAM",
     "systemd's: where it names standard error, log lines carry the journal's priority in place of "
     "time and level"},
    {"TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, ...",
     "the settings of `engine: temporal`, as Temporal's own tools have them: they win over the "
     "file"},
    {"TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE",
     "a file with such settings, and which of its profiles; else `temporalio/temporal.toml` in "
     "`XDG_CONFIG_HOME`, or in `.config` of `HOME`"},
    {"DURABLE_SYNC_DEPLOYMENT_NAME",
     "the deployment whose versions `DURABLE_SYNC_BUILD_ID` names; else `durable-sync`"},
    {"NO_COLOR", "no colours, unless it is empty"},
    {"TERM", "on a terminal `dumb` there are neither colours nor progress"},
    {"TZDIR", "where the time zones are; else `/usr/share/zoneinfo`"},
    {"NAME_OPTION",
     "a setting of a program of one route: `TASKS_PATH` for the program `tasks` and its setting "
     "`path`; `TASKS_SOURCE_PATH` and `TASKS_DESTINATION_PATH` where both sides have it"},
    {NULL, NULL},
};

const ds_fact ds_files[] = {
    {"./durable-sync.yaml, /etc/durable-sync/durable-sync.yaml",
     "the configuration, in this order, where nothing names another"},
    {"durable-sync.db, /var/lib/durable-sync/durable-sync.db",
     "the store, unless the configuration says otherwise: beside it, and the second for one in "
     "`/etc/durable-sync`. Keep it: it knows which row is "
     "which. While it is in use, `.lock` and `.sock` files are beside it"},
    {NULL, NULL},
};

bool ds_command_is_hidden(const ds_command *command)
{
    return command->name[0] == '_';
}
