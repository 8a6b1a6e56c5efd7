/* src/codec/module.c - the one name that the shared object gives out. */
#include "codec/codec.h"
#include "codec/server.h"
#include "engine/temporal/codec.h"

extern DS_API const ds_codec_table ds_codec_tools;

const ds_codec_table ds_codec_tools = {
    .revision = DS_CODEC_REVISION,
    .keygen = ds_codec_keygen,
    .serve = ds_codec_serve,
};
