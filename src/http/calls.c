/* src/http/calls.c - the table that stands for the library. */
#include "http/calls.h"

const ds_http_table ds_http_calls = {
    .open = ds_http_open, .close = ds_http_close, .send = ds_http_send};
