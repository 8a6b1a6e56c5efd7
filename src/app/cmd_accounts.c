/* src/app/cmd_accounts.c - the accounts by name and kind; never what is in them. */
#include "app/commands.h"
#include "app/out.h"

int ds_cmd_accounts(ds_app *app)
{
    static const char *const heads[] = {"ACCOUNT", "KIND"};
    int code = ds_app_config(app);

    if (code)
        return code;

    const ds_config *config = app->config;
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);
    ds_table table;

    ds_table_init(&table, app->arena, heads, DS_COUNT(heads));
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "accounts");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < config->accounts_n; i++) {
        const ds_account *account = &config->accounts[i];

        ds_table_row(&table, DS_PLAIN, (const char *const[]){account->name, account->kind});
        ds_json_w_begin_object(&w);
        ds_w_text(&w, "name", account->name);
        ds_w_text(&w, "kind", account->kind);
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    if (app->json)
        return ds_out_doc(app, &doc);
    if (config->accounts_n == 0)
        printf("%s names no accounts\n", config->path);
    else
        ds_table_print(&table, app);
    return DS_EXIT_DONE;
}
