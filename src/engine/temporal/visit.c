/* src/engine/temporal/visit.c */
#include "engine/temporal/visit.h"

/* As many messages as the field has: pointers that begin at *first. */
static size_t messages_of(ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                          ProtobufCMessage ***first)
{
    char *at = (char *)m + field->offset;
    const void *count = (const char *)m + field->quantifier_offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *first = *(ProtobufCMessage ***)(void *)at;
        return *(const size_t *)count;
    }
    *first = (ProtobufCMessage **)(void *)at;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)count == field->id && **first;
    return **first != NULL;
}

bool ds_visit_payloads(ProtobufCMessage *m, const ds_visitor *v)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;

    if (d == &ds__payload__descriptor)
        return v->payload(v->to, (Ds__Payload *)(void *)m);
    if (d == &ds__search_attributes__descriptor)
        return true;
    for (unsigned i = 0; i < d->n_fields; i++) {
        ProtobufCMessage **inner;
        size_t n;

        if (d->fields[i].type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        n = messages_of(m, &d->fields[i], &inner);
        for (size_t k = 0; k < n; k++)
            if (!ds_visit_payloads(inner[k], v))
                return false;
    }
    if (d == &ds__failure__descriptor && v->failure)
        return v->failure(v->to, (Ds__Failure *)(void *)m);
    return true;
}
