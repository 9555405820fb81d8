/*
 * What bindgen reads. Each include says who needs it; asterisk.h must be first.
 * Macros and inline functions do not survive bindgen: see src/asterisk/shim.c.
 */
#include <asterisk.h>
#include <asterisk/ast_version.h> /* entry.rs: which Asterisk loaded us */
#include <asterisk/bridge.h>      /* bridge.rs: rooms */
#include <asterisk/bridge_after.h>/* ways.rs: channels that are sent elsewhere */
#include <asterisk/bridge_features.h> /* bridge.rs: hooks */
#include <asterisk/bridge_roles.h>/* bridge.rs: hold */
#include <asterisk/causes.h>      /* attempt.rs: why a call failed */
#include <asterisk/channel.h>     /* channel.rs, playback.rs: the caller's leg */
#include <asterisk/cli.h>         /* cli.rs */
#include <asterisk/config.h>      /* config.rs: res_rust_ivr.conf */
#include <asterisk/datastore.h>   /* ticket.rs: who is expected in a room */
#include <asterisk/format_cache.h>/* playback.rs: signed linear */
#include <asterisk/logger.h>      /* log.rs */
#include <asterisk/musiconhold.h> /* ways.rs: a client who waits for the manager */
#include <asterisk/module.h>      /* entry.rs, app.rs */
#include <asterisk/paths.h>       /* entry.rs: data and sounds directories */
#include <asterisk/stasis_channels.h> /* attempt.rs: a dial's events */
#include <asterisk/pbx.h>         /* app.rs, channel.rs: applications, variables, Dial */
