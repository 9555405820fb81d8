/*
 * What bindgen reads. Each include says who needs it; asterisk.h must be first.
 * Macros and inline functions do not survive bindgen: see src/asterisk/shim.c.
 */
#include <asterisk.h>
#include <asterisk/app.h>         /* bridge.rs: keys that are sent */
#include <asterisk/ast_version.h> /* host.rs: which Asterisk loaded us */
#include <asterisk/bridge.h>      /* bridge.rs */
#include <asterisk/bridge_after.h>/* reference.rs: channels that are sent elsewhere */
#include <asterisk/bridge_features.h> /* bridge.rs: hooks */
#include <asterisk/bridge_roles.h>/* bridge.rs: hold */
#include <asterisk/buildinfo.h>   /* survey.rs: who built Asterisk */
#if __has_include(<asterisk/build.h>)
#include <asterisk/build.h>       /* survey.rs: and the headers */
#else
#define BUILD_DATE ""
#endif
#include <asterisk/causes.h>      /* dial.rs: why a call failed */
#include <asterisk/cdr.h>         /* events.rs */
#include <asterisk/cel.h>         /* events.rs */
#include <asterisk/channel.h>     /* channel.rs, wait.rs: a channel inside an application */
#include <asterisk/cli.h>         /* cli.rs */
#include <asterisk/config.h>      /* config.rs: res_rust_ivr.conf */
#include <asterisk/datastore.h>   /* datastore.rs: what rides on a channel */
#include <asterisk/endpoints.h>   /* survey.rs: who can be dialled */
#include <asterisk/format_cache.h>/* generator.rs: signed linear */
#include <asterisk/http.h>        /* http.rs */
#include <asterisk/json.h>        /* events.rs: what CEL gets */
#include <asterisk/logger.h>      /* log.rs */
#include <asterisk/manager.h>     /* manager.rs: actions; events.rs: AMI; http.rs: sessions */
#include <asterisk/musiconhold.h> /* channel.rs: music on hold */
#include <asterisk/module.h>      /* module.rs, application.rs */
#include <asterisk/paths.h>       /* host.rs: directories */
#include <asterisk/stasis_channels.h> /* dial.rs: a dial's events */
#include <asterisk/pbx.h>         /* application.rs, channel.rs, context.rs: applications, variables, Dial */
