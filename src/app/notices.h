/* src/app/notices.h - the ways by which people are told, as the configuration has them. */
#ifndef DS_APP_NOTICES_H
#define DS_APP_NOTICES_H

#include "app/app.h"

/* They live in the command's arena; none where nobody is to be told. The network layer is mapped
 * only where there is an address. CONFIG where one cannot be used. */
DS_MUST_USE bool ds_app_notices(ds_app *app, ds_notices *out, ds_err *err);

#endif
