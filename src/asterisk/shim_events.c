/*
 * The part of the border that only C can write, for what programs are told: a message on a channel's
 * topic that becomes an AMI event and variables of the CDR (events.rs), when a dial is answered
 * (answers.rs), and the answer that res_prometheus gives (metrics.rs).
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <asterisk.h>

#include <dlfcn.h>

#include <asterisk/astobj2.h>
#include <asterisk/cdr.h>
#include <asterisk/cel.h>
#include <asterisk/channel.h>
#include <asterisk/json.h>
#include <asterisk/manager.h>
#include <asterisk/module.h>
#include <asterisk/stasis.h>
#include <asterisk/stasis_channels.h>
#include <asterisk/stasis_message_router.h>
#include <asterisk/strings.h>

/* src/asterisk/events.rs: one of each for the whole library. */
typedef struct ast_manager_event_blob *event_to_ami(const void *event);
typedef void event_to_cdr(const void *event);
typedef void event_free(void *event);

static event_to_ami *event_ami;
static event_to_cdr *event_cdr;
static event_free *event_drop;

/* What a message carries: a box of Rust's. */
struct told {
	void *event;
};

static struct stasis_message_type *told_type;

static void told_destroy(void *object)
{
	event_drop(((struct told *) object)->event);
}

/* On the manager's thread, and only when somebody listens (main/manager.c). */
static struct ast_manager_event_blob *told_to_ami(struct stasis_message *message)
{
	return event_ami(((struct told *) stasis_message_data(message))->event);
}

static struct stasis_message_vtable told_vtable = {
	.to_ami = told_to_ami,
};

/* On the CDR's thread, behind what happened to the channel before. */
static void told_to_cdr(void *data attribute_unused,
	struct stasis_subscription *sub attribute_unused, struct stasis_message *message)
{
	event_cdr(((struct told *) stasis_message_data(message))->event);
}

int rust_ivr_events_register(event_to_ami *to_ami, event_to_cdr *to_cdr, event_free *drop)
{
	struct stasis_message_router *cdr;

	event_ami = to_ami;
	event_cdr = to_cdr;
	event_drop = drop;
	if (stasis_message_type_create("rust_ivr_told", &told_vtable, &told_type)
		!= STASIS_MESSAGE_TYPE_SUCCESS) {
		return -1;
	}
	cdr = ast_cdr_message_router();
	if (cdr) {
		stasis_message_router_add(cdr, told_type, told_to_cdr, NULL);
		ao2_ref(cdr, -1);
	}
	return 0;
}

/* Messages that are under way keep their type. */
void rust_ivr_events_unregister(void)
{
	struct stasis_message_router *cdr = ast_cdr_message_router();

	if (cdr) {
		stasis_message_router_remove(cdr, told_type);
		ao2_ref(cdr, -1);
	}
	ao2_cleanup(told_type);
	told_type = NULL;
}

/* Takes the event over. Hold no lock but the channel's. */
void rust_ivr_event_publish(struct ast_channel *chan, void *event)
{
	struct stasis_message *message;
	struct told *told = told_type ? ao2_alloc(sizeof(*told), told_destroy) : NULL;

	if (!told) {
		event_drop(event);
		return;
	}
	told->event = event;
	message = stasis_message_create(told_type, told);
	ao2_ref(told, -1);
	if (!message) {
		return;
	}
	ast_channel_lock(chan);
	stasis_publish(ast_channel_topic(chan), message);
	ast_channel_unlock(chan);
	ao2_ref(message, -1);
}

/* A CEL event of the type USER_DEFINED. Takes extra over. */
void rust_ivr_cel_publish(struct ast_channel *chan, const char *event, struct ast_json *extra)
{
	struct ast_json *blob = ast_json_pack("{s: s, s: o}", "event", event, "extra", extra);

	if (blob) {
		ast_cel_publish_event(chan, AST_CEL_USER_DEFINED, blob);
		ast_json_unref(blob);
	}
}

#ifndef RUST_IVR_SNAPSHOT_PARTS /* Asterisk 16 */
#define UNIQUE_ID(snapshot) ((snapshot)->uniqueid)
#define NAME(snapshot) ((snapshot)->name)
#else
#define UNIQUE_ID(snapshot) ((snapshot)->base->uniqueid)
#define NAME(snapshot) ((snapshot)->base->name)
#endif

/* A caller's unique id, who answered it, and how long ago. */
typedef void dial_answered(const char *caller, const char *leg, int64_t ms);

static void on_dial(void *answered, struct stasis_subscription *sub attribute_unused,
	struct stasis_message *message)
{
	struct ast_multi_channel_blob *dial;
	struct ast_channel_snapshot *caller, *leg;
	const char *status;

	if (stasis_message_type(message) != ast_channel_dial_type()) {
		return;
	}
	dial = stasis_message_data(message);
	caller = ast_multi_channel_blob_get_channel(dial, "caller");
	leg = ast_multi_channel_blob_get_channel(dial, "peer");
	status = ast_json_string_get(ast_json_object_get(
		ast_multi_channel_blob_get_json(dial), "dialstatus"));
	if (caller && leg && !strcmp(S_OR(status, ""), "ANSWER")) {
		((dial_answered *) answered)(UNIQUE_ID(caller), NAME(leg),
			ast_tvdiff_ms(ast_tvnow(), *stasis_message_timestamp(message)));
	}
}

struct stasis_subscription *rust_ivr_answers_subscribe(dial_answered *answered)
{
	struct stasis_subscription *sub = stasis_subscribe_pool(ast_channel_topic_all(), on_dial,
		(void *) answered);

	if (sub) {
		stasis_subscription_accept_message_type(sub, ast_channel_dial_type());
		stasis_subscription_set_filter(sub, STASIS_SUBSCRIPTION_FILTER_SELECTIVE);
	}
	return sub;
}

void rust_ivr_str_append(struct ast_str **text, const char *more)
{
	ast_str_append(text, 0, "%s", more);
}

/* Writes all of our metrics. */
typedef void metrics_write(struct ast_str **output);

#if __has_include(<asterisk/res_prometheus.h>)
#include <asterisk/res_prometheus.h>

typedef int callback_register(struct prometheus_callback *callback);
typedef void callback_unregister(struct prometheus_callback *callback);

static struct prometheus_callback metrics = {
	.name = "res_rust_ivr",
};

/* Under the loader's lock; NULL: our metrics are not to be asked for. */
static metrics_write *metrics_wanted;

/*
 * Of each module: gives res_prometheus our metrics, or takes them back. It is asked for by name, because
 * it may be absent, come later and go. The loader's lock is held, so it does not go meanwhile; its own
 * lock comes behind that one in the host, too (its load takes both).
 */
static int meet_module(const char *module, const char *description attribute_unused,
	int uses attribute_unused, const char *status, const char *like attribute_unused,
	enum ast_module_support_level level attribute_unused)
{
	callback_register *enter;
	callback_unregister *leave;

	if (strcmp(module, "res_prometheus.so") || strcmp(status, "Running")) {
		return 0;
	}
	enter = (callback_register *) dlsym(RTLD_DEFAULT, "prometheus_callback_register");
	leave = (callback_unregister *) dlsym(RTLD_DEFAULT, "prometheus_callback_unregister");
	if (!enter || !leave) {
		return 0;
	}
	leave(&metrics);
	if (metrics_wanted) {
		metrics.callback_fn = metrics_wanted;
		enter(&metrics);
	}
	return 1;
}

/* From load or unload, which have the loader's lock. */
void rust_ivr_metrics_want(metrics_write *write)
{
	metrics_wanted = write;
	ast_update_module_list(meet_module, NULL);
}

static void on_module(void *unused attribute_unused, struct stasis_subscription *sub attribute_unused,
	struct stasis_message *message)
{
	struct ast_json_payload *payload;
	struct ast_json *event;
	const char *type;
	const char *module;
	const char *status;

	if (stasis_message_type(message) != ast_manager_get_generic_type()) {
		return;
	}
	payload = stasis_message_data(message);
	event = ast_json_object_get(payload->json, "event");
	type = ast_json_string_get(ast_json_object_get(payload->json, "type"));
	module = ast_json_string_get(ast_json_object_get(event, "Module"));
	status = ast_json_string_get(ast_json_object_get(event, "Status"));
	/* At boot no load is told (main/loader.c), and a module that starts after us forgets who came before. */
	if (!strcmp(S_OR(type, ""), "FullyBooted")
		|| (!strcmp(S_OR(type, ""), "Load") && !strcmp(S_OR(status, ""), "Success")
			&& !strncmp(S_OR(module, ""), "res_prometheus", strlen("res_prometheus")))) {
		ast_update_module_list(meet_module, NULL);
	}
}

/* Whenever res_prometheus is loaded (main/loader.c), it gets our metrics. May be NULL. */
struct stasis_subscription *rust_ivr_metrics_subscribe(void)
{
	struct stasis_subscription *sub = ast_manager_get_topic()
		? stasis_subscribe_pool(ast_manager_get_topic(), on_module, NULL) : NULL;

	if (sub) {
		stasis_subscription_accept_message_type(sub, ast_manager_get_generic_type());
		stasis_subscription_set_filter(sub, STASIS_SUBSCRIPTION_FILTER_SELECTIVE);
	}
	return sub;
}
#else
/* Asterisk 16 has no res_prometheus. */
void rust_ivr_metrics_want(metrics_write *write)
{
	(void) write;
}

struct stasis_subscription *rust_ivr_metrics_subscribe(void)
{
	return NULL;
}
#endif

/* A message under way may wait for the loader's lock, which unload has: nobody waits for it. */
void rust_ivr_metrics_unsubscribe(struct stasis_subscription *sub)
{
	stasis_unsubscribe(sub);
}

void rust_ivr_unsubscribe(struct stasis_subscription *sub)
{
	stasis_unsubscribe_and_join(sub);
}
