/* tests/contract/contract.h
 *
 * What every connector must do, whatever it connects to.  A connector says how it is set up; the
 * suite brings the rules, each of them a test named CONNECTOR: RULE.
 */
#ifndef TESTS_CONTRACT_CONTRACT_H
#define TESTS_CONTRACT_CONTRACT_H

#include "support/seam.h"
#include "support/tmpdir.h"

typedef struct contract_setting { /* as in a configuration; "@NAME" is a file in the directory,
                                   * "$NAME" a variable of the environment */
    const char *name, *value;
} contract_setting;

#define CONTRACT_SETTINGS 6

typedef struct contract_source {
    const char *name;
    const ds_source_ops *ops;
    contract_setting settings[CONTRACT_SETTINGS];
    /* Makes `n` rows with the keys k0000, k0001, ... and the properties Name ("name of KEY") and n
     * (the number), in the order of their keys. */
    void (*fill)(tmpdir *dir, size_t n);
    const char *file; /* what reading must leave alone; NULL: nothing that has bytes */
} contract_source;

typedef struct contract_destination {
    const char *name;
    const ds_destination_ops *ops;
    contract_setting settings[CONTRACT_SETTINGS];
    /* How to read what was written: a source of the same system, in its own words. */
    const ds_source_ops *reader;
    contract_setting reader_settings[CONTRACT_SETTINGS];
    /* By hand: a row "hand" whose Name is "by hand", and a property Note, "mine", in row k1. */
    void (*by_hand)(tmpdir *dir);
    const char *file;    /* what an unchanged pass must leave alone; NULL: nothing that has bytes */
    bool no_null;        /* null and the empty text are one, as in CSV */
    bool no_commas;      /* no entry of a list has one in it */
    const char *gone;    /* the id of a row that is not there; NULL: any text may be one */
    void (*reset)(void); /* forgets what outlives the directory; NULL: nothing does */
} contract_destination;

/* An instance with its settings, in `scratch`. */
void *contract_instance(const ds_option *options, size_t size, const contract_setting *settings,
                        tmpdir *dir);

/* Names that a source has of its own, where it cannot have "all", Name, n and k0000. */
typedef struct contract_names {
    const char *unit, *text, *number;
    const char *(*key)(size_t i);
} contract_names;

void contract_use_names(const contract_names *names); /* of all sources of the program */
void contract_add_source(const contract_source *c);
void contract_add_destination(const contract_destination *c);

/* Used by both: adds a test called CONNECTOR: RULE. */
void contract_add(const char *connector, const char *rule, void (*test)(const void *c),
                  const void *c);

#endif
