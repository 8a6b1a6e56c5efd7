/* A source as a shared object: the accounts of a passwd file, for durable-sync as it is installed.
 * Built as passwd.so and put into a connector folder, it is `kind: passwd`. */
#define _GNU_SOURCE /* fgetpwent_r */
#include <durable_sync/connector.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define ACCOUNTS_MAX 100000

struct passwd_source {
    ds_source base; /* first */
    const char *path;
};

static const ds_option options[] = {
    {.name = "path", .type = DS_OPTION_PATH, .offset = offsetof(struct passwd_source, path),
     .fallback = "/etc/passwd", .help = "the file to read; it is small, and read as one page"},
    DS_OPT_END};

static void add_account(ds_page *page, const struct passwd *account)
{
    ds_record *rec = ds_page_add(page);

    rec->primary_key = ds_arena_strdup(page->arena, account->pw_name);
    ds_record_set(rec, "uid", ds_int(account->pw_uid));
    ds_record_set(rec, "home", ds_text(ds_arena_strdup(page->arena, account->pw_dir)));
    ds_record_set(rec, "shell", ds_text(ds_arena_strdup(page->arena, account->pw_shell)));
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    const struct passwd_source *src = (const struct passwd_source *)self;
    FILE *file = fopen(src->path, "re");
    struct passwd space, *account;
    char line[8192];
    size_t n = 0;

    (void)act, (void)want; /* one page, whatever is asked for */
    if (!file)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: %s", src->path, strerror(errno));
    while (n < ACCOUNTS_MAX && fgetpwent_r(file, &space, line, sizeof line, &account) == 0) {
        add_account(page, account);
        n++;
    }
    bool whole = n < ACCOUNTS_MAX && !ferror(file);
    fclose(file);
    return whole || ds_fail(err, DS_ERR_PERMANENT, "%s: cannot be read to its end", src->path);
}

static const ds_source_ops passwd_source = {
    .kind = "passwd", .help = "the accounts of a passwd file", .abi = DS_CONNECTOR_ABI,
    .options = options, .instance_size = sizeof(struct passwd_source),
    .units = ds_one_unit, .fetch_page = fetch_page,
};

DS_CONNECTOR(&passwd_source, NULL)
