/* tests/temporal/wire_turn.h - every message by its name. */
#ifndef TESTS_TEMPORAL_WIRE_TURN_H
#define TESTS_TEMPORAL_WIRE_TURN_H

#include "engine/temporal/wire.h"

struct named_descriptor {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
};

extern const struct named_descriptor named_descriptors[]; /* ends with a NULL name */

#endif
