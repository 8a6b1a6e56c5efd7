/* src/transform/wire.h
 *
 * What goes between the program and its transform worker: frames over a socket, and a page of
 * shared memory in which the worker notes what it is at.  Both run on one machine and come from one
 * build, so numbers are as the machine has them.  The worker's bytes count as hostile all the same:
 * an expression may have made it do anything.
 *
 *     frame    u32 length, u32 type, bytes
 *     PROGRAM  the expression's text
 *     BATCH    u32 count, then each record: text key, u8 has a body, [text body], u32 count,
 *              then each property: text name, value
 *     HELLO    u32 version, u32 DS_FENCE_ bits; before anything was asked
 *     COMPILED u32 count of messages, each a text; none: it compiles
 *     RESULTS  u32 count, then each record's, in the order of the batch:
 *              'd'                 dropped
 *              'h' text            held, with the reason
 *              'r' body, u32 count, then each property: text name, value
 *                                  body is 'n' absent, '=' as it was, 's' text
 *     text     u32 length, bytes
 *     value    a letter of DS_WIRE_ and what it names; '=' is the value that went in by that name
 */
#ifndef DS_TRANSFORM_WIRE_H
#define DS_TRANSFORM_WIRE_H

#include <durable_sync/base.h>
#include <stdatomic.h>
#include <string.h>

#define DS_WIRE_VERSION 1u
#define DS_WIRE_FRAME_MAX (96 * DS_MIB)
#define DS_WIRE_HEAD ((size_t)8)
#define DS_WIRE_SAFE 9007199254740991.0 /* 2^53 - 1: what a double holds without a doubt */

enum { DS_WIRE_SOCKET = 3, DS_WIRE_WATCH = 4 }; /* the worker's descriptors */
enum { DS_WIRE_SPENT = 4 }; /* its exit code: the last result stands, it can make no other */

enum { /* types of frames */
       DS_WIRE_PROGRAM = 'P',
       DS_WIRE_BATCH = 'B',
       DS_WIRE_HELLO = 'H',
       DS_WIRE_COMPILED = 'C',
       DS_WIRE_RESULTS = 'R'
};

enum { /* values */
       DS_WIRE_NULL = 'n',
       DS_WIRE_FALSE = 'f',
       DS_WIRE_TRUE = 't',
       DS_WIRE_NUMBER = 'd', /* a double */
       DS_WIRE_TEXT = 's',   /* text */
       DS_WIRE_LIST = 'l',   /* u32 count, values */
       DS_WIRE_OBJECT = 'o', /* u32 count, each a text and a value */
       DS_WIRE_SAME = '='
};

enum { /* what stands around the worker */
       DS_FENCE_SECCOMP = 1,
       DS_FENCE_NO_NEW_PRIVS = 2,
       DS_FENCE_MEMORY = 4
};

typedef struct ds_watch {
    _Atomic uint32_t at;        /* record of the batch it is at, from 1; 0: none */
    _Atomic uint32_t no_memory; /* it left for want of memory */
} ds_watch;

/* ---- reading: every step looks at what is left ----------------------------------------------- */

typedef struct ds_wire_in {
    const char *at;
    size_t left;
    bool bad; /* sticky: it ended too early */
} ds_wire_in;

static inline const char *ds_wire_take(ds_wire_in *in, size_t n)
{
    const char *at = in->at;

    if (in->bad || n > in->left) {
        in->bad = true;
        return NULL;
    }
    in->at += n;
    in->left -= n;
    return at;
}

static inline uint32_t ds_wire_u32(ds_wire_in *in)
{
    const char *at = ds_wire_take(in, sizeof(uint32_t));
    uint32_t number = 0;

    if (at)
        memcpy(&number, at, sizeof(number));
    return number;
}

static inline char ds_wire_letter(ds_wire_in *in)
{
    const char *at = ds_wire_take(in, 1);

    return at ? *at : '\0';
}

static inline double ds_wire_number(ds_wire_in *in)
{
    const char *at = ds_wire_take(in, sizeof(double));
    double number = 0;

    if (at)
        memcpy(&number, at, sizeof(number));
    return number;
}

static inline const char *ds_wire_text(ds_wire_in *in, size_t *n) /* NULL: bad; no NUL behind it */
{
    *n = ds_wire_u32(in);
    return ds_wire_take(in, *n);
}

/* ---- writing --------------------------------------------------------------------------------- */

static inline void ds_wire_put_u32(ds_buf *b, uint32_t number)
{
    ds_buf_add(b, &number, sizeof(number));
}

static inline void ds_wire_put_text(ds_buf *b, const char *text, size_t n)
{
    ds_wire_put_u32(b, (uint32_t)n);
    ds_buf_add(b, text, n);
}

static inline void ds_wire_put_number(ds_buf *b, double number)
{
    ds_buf_char(b, DS_WIRE_NUMBER);
    ds_buf_add(b, &number, sizeof(number));
}

/* Begins a frame whose length is not known yet; the place to give to ds_wire_end. */
static inline size_t ds_wire_begin(ds_buf *b, uint32_t type)
{
    ds_wire_put_u32(b, 0);
    ds_wire_put_u32(b, type);
    return b->n - DS_WIRE_HEAD;
}

static inline void ds_wire_patch(ds_buf *b, size_t at, uint32_t number)
{
    if (!b->overflow)
        memcpy(b->data + at, &number, sizeof(number));
}

static inline void ds_wire_end(ds_buf *b, size_t began)
{
    ds_wire_patch(b, began, (uint32_t)(b->n - began - DS_WIRE_HEAD));
}

#endif
