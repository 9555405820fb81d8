/*
 * The part of the border that only C can write: the module's registration, which is
 * a macro with a constructor in it, wrappers for macros and inline functions, and what
 * needs the inside of the host's structures. Sound is in shim_sound.c, transfers are in
 * shim_transfer.c, questions about the dialplan in shim_survey.c. As little logic as can be.
 */
#include <asterisk.h>

#include <asterisk/astobj2.h>
#include <asterisk/bridge.h>
#include <asterisk/bridge_channel.h>
#include <asterisk/bridge_features.h>
#include <asterisk/callerid.h>
#include <asterisk/channel.h>
#include <asterisk/config.h>
#include <asterisk/datastore.h>
#include <asterisk/format.h>
#include <asterisk/format_cache.h>
#include <asterisk/format_cap.h>
#include <asterisk/frame.h>
#include <asterisk/framehook.h>
#include <asterisk/logger.h>
#include <asterisk/max_forwards.h>
#include <asterisk/module.h>
#include <asterisk/musiconhold.h>
#include <asterisk/options.h>
#include <asterisk/pbx.h>

/* src/asterisk/module.rs */
int rust_ivr_load(void);
int rust_ivr_unload(void);
int rust_ivr_reload(void);

struct ast_module *rust_ivr_self(void)
{
	return AST_MODULE_SELF_SYM();
}

int rust_ivr_debug_enabled(int level)
{
	return DEBUG_ATLEAST(level);
}

void rust_ivr_channel_lock(struct ast_channel *chan)
{
	ast_channel_lock(chan);
}

void rust_ivr_channel_unlock(struct ast_channel *chan)
{
	ast_channel_unlock(chan);
}

/* The caller's number, or an empty string. The channel must be locked until it is copied. */
const char *rust_ivr_caller_number(const struct ast_channel *chan)
{
	const struct ast_party_number *number = &ast_channel_caller((struct ast_channel *) chan)->id.number;

	return S_COR(number->valid, number->str, "");
}

/* Whether the caller's id is not to be shown. Locked as above. */
int rust_ivr_caller_is_withheld(const struct ast_channel *chan)
{
	const struct ast_party_id *id = &ast_channel_caller((struct ast_channel *) chan)->id;

	return (ast_party_id_presentation(id) & AST_PRES_RESTRICTION) != AST_PRES_ALLOWED;
}

/* The number of the other side, or an empty string. Locked as above. */
const char *rust_ivr_connected_number(const struct ast_channel *chan)
{
	const struct ast_party_number *number = &ast_channel_connected((struct ast_channel *) chan)->id.number;

	return S_COR(number->valid, number->str, "");
}

/* What was dialled when the call came in, or an empty string. Locked as above. */
const char *rust_ivr_dialled_number(const struct ast_channel *chan)
{
	return S_OR(ast_channel_dialed((struct ast_channel *) chan)->number.str, "");
}

/* Channels, formats, bridges and bridge channels are reference counted objects. */
void rust_ivr_ref(void *object)
{
	ao2_bump(object);
}

void rust_ivr_unref(void *object)
{
	ao2_cleanup(object);
}

/* Missing, unchanged and invalid files come back as constants, not as pointers to free. */
int rust_ivr_config_is_missing(const struct ast_config *config)
{
	return config == CONFIG_STATUS_FILEMISSING;
}

int rust_ivr_config_is_invalid(const struct ast_config *config)
{
	return config == CONFIG_STATUS_FILEINVALID;
}

static struct ast_frame *drop_early_hold(struct ast_channel *chan, struct ast_frame *frame,
	enum ast_framehook_event event, void *data)
{
	(void) data;
	if (!frame || event != AST_FRAMEHOOK_EVENT_WRITE || frame->frametype != AST_FRAME_CONTROL
		|| (frame->subclass.integer != AST_CONTROL_HOLD && frame->subclass.integer != AST_CONTROL_UNHOLD)
		|| ast_channel_is_bridged(chan)) {
		return frame;
	}
	ast_frfree(frame);
	return &ast_null_frame;
}

/* Sound needs no look, so bridges may pass it on natively. */
static int only_control(void *data, enum ast_frame_type type)
{
	(void) data;
	return type == AST_FRAME_CONTROL;
}

/* Until the next function: who has not answered puts nobody on hold. Negative: no memory. */
int rust_ivr_no_early_hold(struct ast_channel *chan)
{
	struct ast_framehook_interface hook = {
		.version = AST_FRAMEHOOK_INTERFACE_VERSION,
		.event_cb = drop_early_hold,
		.consume_cb = only_control,
		.disable_inheritance = 1,
	};
	int id;

	ast_channel_lock(chan);
	id = ast_framehook_attach(chan, &hook);
	ast_channel_unlock(chan);
	return id;
}

void rust_ivr_early_hold_again(struct ast_channel *chan, int hook)
{
	ast_channel_lock(chan);
	ast_framehook_detach(chan, hook);
	ast_channel_unlock(chan);
}

/* What a party may do in a room. pass: digits that no hook takes are heard by the others. */
struct ast_bridge_features *rust_ivr_room_features(int pass)
{
	struct ast_bridge_features *features = ast_bridge_features_new();

	if (features) {
		features->dtmf_passthrough = pass;
	}
	return features;
}

/* A channel's stay in a bridge, with a reference; NULL: it is in none. Hold no lock. */
static struct ast_bridge_channel *bridge_channel_of(struct ast_channel *chan)
{
	struct ast_bridge_channel *bridge_channel;

	ast_channel_lock(chan);
	bridge_channel = ast_channel_get_bridge_channel(chan);
	ast_channel_unlock(chan);
	return bridge_channel;
}

/* Ends a channel's stay in its bridge, if it has one; its thread goes on. Hold no lock. */
void rust_ivr_take_out_of_bridge(struct ast_channel *chan)
{
	struct ast_bridge_channel *bridge_channel = bridge_channel_of(chan);

	if (bridge_channel) {
		ast_bridge_channel_leave_bridge(bridge_channel, BRIDGE_CHANNEL_STATE_END_NO_DISSOLVE, 0);
		ao2_ref(bridge_channel, -1);
	}
}

/* The same for the channel whose hook is running. */
void rust_ivr_leave_bridge(struct ast_bridge_channel *bridge_channel)
{
	ast_bridge_channel_leave_bridge(bridge_channel, BRIDGE_CHANNEL_STATE_END_NO_DISSOLVE, 0);
}

static void stop_music(struct ast_bridge_channel *bridge_channel, const void *payload, size_t size)
{
	(void) payload;
	(void) size;
	ast_moh_stop(bridge_channel->chan);
}

/* Ends music on hold, on the channel's own thread, if it is in a bridge. Hold no lock. */
void rust_ivr_stop_music_in_bridge(struct ast_channel *chan)
{
	struct ast_bridge_channel *bridge_channel = bridge_channel_of(chan);

	if (bridge_channel) {
		ast_bridge_channel_queue_callback(bridge_channel, 0, stop_music, NULL, 0);
		ao2_ref(bridge_channel, -1);
	}
}

struct ast_datastore *rust_ivr_datastore_alloc(const struct ast_datastore_info *info, const char *uid)
{
	return ast_datastore_alloc(info, uid);
}

void rust_ivr_datastore_set(struct ast_datastore *datastore, void *data)
{
	datastore->data = data;
}

/* Gives the data away; the datastore does not destroy it any more. */
void *rust_ivr_datastore_take(struct ast_datastore *datastore)
{
	void *data = datastore->data;

	datastore->data = NULL;
	return data;
}

/* A new channel that speaks what the requestor speaks; NULL with the cause if there is none. */
struct ast_channel *rust_ivr_request(const char *tech, const char *address,
	struct ast_channel *requestor, int *cause)
{
	struct ast_format_cap *cap = ast_format_cap_alloc(AST_FORMAT_CAP_FLAG_DEFAULT);
	struct ast_channel *chan;

	if (!cap) {
		return NULL;
	}
	ast_channel_lock(requestor);
	ast_format_cap_append_from_cap(cap, ast_channel_nativeformats(requestor), AST_MEDIA_TYPE_UNKNOWN);
	ast_channel_unlock(requestor);
	chan = ast_request(tech, cap, NULL, requestor, address, cause);
	ao2_ref(cap, -1);
	return chan;
}

/*
 * Fills a new leg in as apps/app_dial.c: dial_exec_full does: its other side sees who calls, and
 * the leg's own caller id is the number that is called. Non-zero: a call that runs in circles,
 * through Local channels, has been forwarded too often. No lock is held.
 */
int rust_ivr_prepare_leg(struct ast_channel *leg, struct ast_channel *requestor, const char *number)
{
	int forwards;

	ast_channel_lock_both(leg, requestor);
	forwards = ast_max_forwards_get(requestor);
	ast_channel_inherit_variables(requestor, leg);
	ast_channel_datastore_inherit(requestor, leg);
	ast_max_forwards_decrement(leg);
	ast_connected_line_copy_from_caller(ast_channel_connected(leg), ast_channel_caller(requestor));
	if (!ast_strlen_zero(number) && !ast_channel_caller(leg)->id.number.valid) {
		ast_set_callerid(leg, number, NULL, NULL);
	}
	ast_channel_language_set(leg, ast_channel_language(requestor));
	ast_channel_musicclass_set(leg, ast_channel_musicclass(requestor));
	ast_channel_req_accountcodes(leg, requestor, AST_CHANNEL_REQUESTOR_BRIDGE_PEER);
	ast_channel_unlock(requestor);
	ast_channel_unlock(leg);
	return forwards <= 0;
}

/* Runs the dialplan on a leg that we called: from now on it is a call of its own. 0: it runs. */
int rust_ivr_start_pbx(struct ast_channel *leg)
{
	ast_channel_clear_flag(leg, AST_FLAG_OUTGOING);
	return ast_pbx_start(leg) != AST_PBX_SUCCESS;
}

int rust_ivr_frame_type(const struct ast_frame *frame)
{
	return frame->frametype;
}

int rust_ivr_frame_value(const struct ast_frame *frame)
{
	return frame->subclass.integer;
}

/* Of a key that was released: how long it was down, ms. Of other frames nothing. */
unsigned int rust_ivr_frame_length(const struct ast_frame *frame)
{
	return frame->frametype == AST_FRAME_DTMF_END && frame->len > 0 ? frame->len : 0;
}

void rust_ivr_frame_free(struct ast_frame *frame)
{
	ast_frfree(frame);
}

/* Keys count when they are released; a channel that nobody else reads needs no emulation. */
void rust_ivr_end_dtmf_only(struct ast_channel *chan, int on)
{
	if (on) {
		ast_channel_set_flag(chan, AST_FLAG_END_DTMF_ONLY);
	} else {
		ast_channel_clear_flag(chan, AST_FLAG_END_DTMF_ONLY);
	}
}

void rust_ivr_dual_redirect_wait(struct ast_channel *chan, int on)
{
	if (on) {
		ast_channel_set_flag(chan, AST_FLAG_BRIDGE_DUAL_REDIRECT_WAIT);
	} else {
		ast_channel_clear_flag(chan, AST_FLAG_BRIDGE_DUAL_REDIRECT_WAIT);
	}
}

/* Whether an extension runs the application in one of its first priorities. */
int rust_ivr_extension_runs(const char *context, const char *exten, const char *application)
{
	int priority;
	int runs = 0;

	/* `dialplan reload` frees what was found as soon as the lock is released. */
	ast_rdlock_contexts();
	for (priority = 1; priority <= 9 && !runs; priority++) {
		struct pbx_find_info find = { .stacklen = 0 };
		struct ast_exten *found = pbx_find_extension(NULL, NULL, &find, context, exten, priority,
			NULL, "", E_MATCH);

		if (!found) {
			break;
		}
		runs = !strcasecmp(ast_get_extension_app(found), application);
	}
	ast_unlock_contexts();
	return runs;
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_LOAD_ORDER, "Menus and third parties out of a database",
	.support_level = AST_MODULE_SUPPORT_EXTENDED,
	.load = rust_ivr_load,
	.unload = rust_ivr_unload,
	.reload = rust_ivr_reload,
	.load_pri = AST_MODPRI_DEFAULT,
);
