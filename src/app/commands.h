/* src/app/commands.h - the functions of the table in commands.c, one file each. */
#ifndef DS_APP_COMMANDS_H
#define DS_APP_COMMANDS_H

#include "app/app.h"

int ds_cmd_init(ds_app *app);
int ds_cmd_check(ds_app *app);
int ds_cmd_plan(ds_app *app);
int ds_cmd_once(ds_app *app);
int ds_cmd_run(ds_app *app);
int ds_cmd_status(ds_app *app);
int ds_cmd_sync(ds_app *app);
int ds_cmd_pause(ds_app *app);
int ds_cmd_resume(ds_app *app);
int ds_cmd_interval(ds_app *app);
int ds_cmd_approve(ds_app *app);
int ds_cmd_history(ds_app *app);
int ds_cmd_held(ds_app *app);
int ds_cmd_store(ds_app *app);
int ds_cmd_explain(ds_app *app);
int ds_cmd_try(ds_app *app);
int ds_cmd_accounts(ds_app *app);
int ds_cmd_connectors(ds_app *app);
int ds_cmd_doctor(ds_app *app);
int ds_cmd_fake(ds_app *app);
int ds_cmd_move(ds_app *app);
int ds_cmd_keygen(ds_app *app);
int ds_cmd_codec_server(ds_app *app);
int ds_cmd_completion(ds_app *app);
int ds_cmd_help(ds_app *app);
int ds_cmd_schema(ds_app *app);
int ds_cmd_complete(ds_app *app);
int ds_cmd_generate(ds_app *app);

/* cmd_move.c: its row in the store is what it left when it went to engine temporal. */
bool ds_unit_has_moved(const ds_unit *u);

#endif
