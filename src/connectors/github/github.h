/* src/connectors/github/github.h - repositories, issues, pull requests and releases, to read. */
#ifndef DS_CONNECTORS_GITHUB_GITHUB_H
#define DS_CONNECTORS_GITHUB_GITHUB_H

#include <durable_sync/source.h>

extern const ds_source_ops ds_github_source;

#endif
