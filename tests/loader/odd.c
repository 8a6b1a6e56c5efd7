/* tests/loader/odd.c
 *
 * A connector as a shared object, and with ODD_... defined one of the ways to get it wrong.  KIND
 * is what its file is called.  Not each of them uses all that is here.
 */
#include <durable_sync/connector.h>

#ifdef ODD_LACKS /* what a connector of another version of the library runs into */
void ds_function_of_tomorrow(void);
#endif
#ifdef ODD_NEEDS
int ds_needed_by_odd(void);
#endif

struct odd {
    ds_source base; /* first */
    const char *word;
    ds_secret *sesame;
};

static const ds_option odd_options[] = {
    {.name = "word",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(struct odd, word),
     .fallback = "hello",
     .help = "what the one record says"},
#ifdef ODD_OUTSIDE
    {.name = "sesame", .type = DS_OPTION_SECRET, .offset = sizeof(struct odd) - 1, .help = "x"},
#else
    {.name = "sesame",
     .type = DS_OPTION_SECRET,
     .offset = offsetof(struct odd, sesame),
     .help = "a secret that nothing is done with"},
#endif
    DS_OPT_END};

DS_UNUSED static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want,
                                 ds_page *page, ds_err *err)
{
    ds_record *rec = ds_page_add(page);

    (void)act, (void)want, (void)err;
#ifdef ODD_LACKS
    ds_function_of_tomorrow();
#endif
#ifdef ODD_NEEDS
    (void)ds_needed_by_odd();
#endif
    rec->primary_key = "one";
    ds_record_set(rec, "word", ds_text(((const struct odd *)self)->word));
    return true;
}

DS_UNUSED static const ds_source_ops odd_source = {
    .kind = KIND,
    .help = "one record",
#ifdef ODD_OPS_ABI
    .abi = DS_CONNECTOR_ABI + 1,
#else
    .abi = DS_CONNECTOR_ABI,
#endif
    .options = odd_options,
    .instance_size = sizeof(struct odd),
    .units = ds_one_unit,
#ifndef ODD_HOLE
    .fetch_page = fetch_page,
#endif
};

static const char *identity(const ds_destination *self, ds_arena *a)
{
    return ds_arena_printf(a, "%s:nowhere", self->ops->kind);
}

static bool forget(ds_destination *self, ds_activity *act, ds_write *writes, size_t n, ds_err *err)
{
    (void)self, (void)act, (void)err;
    for (size_t i = 0; i < n; i++)
        writes[i].outcome = writes[i].op == DS_OP_CREATE ? DS_OUT_CREATED : DS_OUT_UPDATED;
    return true;
}

static const ds_option no_options[] = {DS_OPT_END};
DS_UNUSED static const ds_destination_ops odd_destination = {
    .kind = KIND,
    .help = "forgets what is written",
    .abi = DS_CONNECTOR_ABI,
    .options = no_options,
    .instance_size = sizeof(ds_destination),
#ifdef ODD_FIND
    .promise = DS_PROMISE_A,
#else
    .promise = DS_PROMISE_C,
#endif
    .identity = identity,
    .write = forget,
};

#if defined ODD_ABI
DS_API extern const ds_connector durable_sync_connector;
const ds_connector durable_sync_connector = {.abi = DS_CONNECTOR_ABI + 6, .bytes = 4};
#elif defined ODD_BYTES
struct half {
    uint32_t abi, bytes;
};
DS_API extern const struct half durable_sync_connector;
const struct half durable_sync_connector = {.abi = DS_CONNECTOR_ABI, .bytes = sizeof(struct half)};
#elif defined ODD_FUNCTION
DS_API void durable_sync_connector(void);
void durable_sync_connector(void)
{
}
#elif defined ODD_EMPTY
DS_CONNECTOR(NULL, NULL)
#elif !defined ODD_NOTHING
DS_CONNECTOR(&odd_source, &odd_destination)
#endif
