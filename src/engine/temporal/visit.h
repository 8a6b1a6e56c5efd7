/* src/engine/temporal/visit.h - every payload in a message, found by its description. */
#ifndef DS_ENGINE_TEMPORAL_VISIT_H
#define DS_ENGINE_TEMPORAL_VISIT_H

#include "engine/temporal/wire.h"

typedef struct ds_visitor {
    bool (*payload)(void *to, Ds__Payload *p); /* may change it in place; false: stop */
    bool (*failure)(void *to, Ds__Failure *f); /* behind the payloads in it; NULL: none */
    void *to;
} ds_visitor;

/* Not those of search attributes, which are never encrypted. false: a visitor said stop. */
bool ds_visit_payloads(ProtobufCMessage *m, const ds_visitor *v);

#endif
