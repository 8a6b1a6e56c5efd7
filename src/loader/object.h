/* src/loader/object.h - a shared object that says it is a connector: mapped, and held to its word.
 */
#ifndef DS_LOADER_OBJECT_H
#define DS_LOADER_OBJECT_H

#include <durable_sync/base.h>
#include <durable_sync/connector.h>

/* Loads what `fd` reads, which must be the connector `kind`; `path` is for messages. Takes the
 * descriptor, and keeps it open as long as the object may be mapped: the dynamic linker knows an
 * object by its name, which is that of the descriptor, so the number must not come up again. */
DS_MUST_USE const ds_connector *ds_object_load(int fd, const char *path, const char *kind,
                                               ds_err *err);

/* The object of another sort that `fd` reads: what `symbol` names in it. Takes the descriptor. */
DS_MUST_USE const void *ds_object_symbol(int fd, const char *path, const char *symbol, ds_err *err);

/* Whether the tables of a connector can be worked with (contract.c). The caller has looked at abi
 * and bytes. */
DS_MUST_USE bool ds_contract_check(const ds_connector *c, const char *kind, ds_err *err);

/* Whether that text is anywhere in the file, as the name of a library that it needs is. */
bool ds_object_mentions(int fd, const char *text);

#endif
