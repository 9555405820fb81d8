/*
 * What bindgen reads. Each include says who needs it; asterisk.h must be first.
 * Macros and inline functions do not survive bindgen: see src/asterisk/shim.c.
 */
#include <asterisk.h>
#include <asterisk/ast_version.h> /* entry.rs: which Asterisk loaded us */
#include <asterisk/channel.h>     /* channel.rs, playback.rs: the caller's leg */
#include <asterisk/cli.h>         /* cli.rs */
#include <asterisk/config.h>      /* config.rs: res_rust_ivr.conf */
#include <asterisk/format_cache.h>/* playback.rs: signed linear */
#include <asterisk/indications.h> /* entry.rs: is there a ringing tone? */
#include <asterisk/logger.h>      /* log.rs */
#include <asterisk/module.h>      /* entry.rs, app.rs */
#include <asterisk/paths.h>       /* entry.rs: data and sounds directories */
#include <asterisk/pbx.h>         /* app.rs, channel.rs: applications, variables, Dial */
