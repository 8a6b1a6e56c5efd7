/* src/codec/server.h - the codec server; codec.h says what it does. */
#ifndef DS_CODEC_SERVER_H
#define DS_CODEC_SERVER_H

#include "codec/codec.h"

DS_MUST_USE bool ds_codec_serve(const ds_codec_options *options, const ds_codec_watch *watch,
                                ds_err *err);

/* ---- what an answer is made of, for the tests and fuzzing ------------------------------------ */

typedef struct ds_codec_server ds_codec_server;

typedef struct ds_codec_request {
    const char *method;
    const char *path;          /* decoded */
    const char *origin;        /* headers; NULL: not there */
    const char *authorization; /* likewise */
    const char *body;
    size_t body_n;
    bool too_large; /* the body was; it is not here */
} ds_codec_request;

typedef struct ds_codec_reply {
    int status;
    ds_buf body;        /* JSON with 200, else a line of text */
    const char *origin; /* that may read it; NULL: no page of another place may. In the options */
} ds_codec_reply;

/* Keeps `options` and `watch`, which live as long as it does. NULL as ds_codec_serve. */
DS_MUST_USE ds_codec_server *ds_codec_server_new(const ds_codec_options *options,
                                                 const ds_codec_watch *watch, ds_err *err);
void ds_codec_server_free(ds_codec_server *s);

/* Fills `out`, whose body the caller has made and releases. */
void ds_codec_answer(const ds_codec_server *s, const ds_codec_request *request, ds_arena *a,
                     ds_codec_reply *out);

DS_AUTO_DEFINE(ds_codec_server, ds_codec_server_free)

#endif
