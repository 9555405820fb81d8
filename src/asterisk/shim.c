/*
 * The part of the border that only C can write: the module's registration, which is
 * a macro with a constructor in it, and wrappers for macros and inline functions.
 * No logic here.
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <asterisk.h>

#include <dlfcn.h>

#include <asterisk/astobj2.h>
#include <asterisk/audiohook.h>
#include <asterisk/bridge.h>
#include <asterisk/bridge_channel.h>
#include <asterisk/bridge_features.h>
#include <asterisk/channel.h>
#include <asterisk/config.h>
#include <asterisk/datastore.h>
#include <asterisk/dsp.h>
#include <asterisk/file.h>
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
#include <asterisk/stasis.h>
#include <asterisk/stasis_bridges.h>
#include <asterisk/stasis_channels.h>
#include <asterisk/translate.h>

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

static struct ast_frame slin_frame(int16_t *samples, int count)
{
	struct ast_frame frame = {
		.frametype = AST_FRAME_VOICE,
		.subclass.format = ast_format_slin,
		.data.ptr = samples,
		.datalen = count * (int) sizeof(*samples),
		.samples = count,
		.src = "res_rust_ivr",
	};

	return frame;
}

/* Writes one frame of signed linear sound. The samples stay the caller's, but audiohooks change them. */
int rust_ivr_write_slin(struct ast_channel *chan, int16_t *samples, int count)
{
	struct ast_frame frame = slin_frame(samples, count);

	return ast_write(chan, &frame);
}

/*
 * A sound over what the channel hears, to be ended by the next function. NULL: no memory. It is 8 kHz
 * because the hook does not say that it is compatible with more (main/audiohook.c:
 * audiohook_list_set_samplerate_compatibility). Hold no lock.
 */
struct ast_audiohook *rust_ivr_whisper(struct ast_channel *chan, int16_t *samples, int count)
{
	const int block = 160;
	struct ast_audiohook *hook = ast_calloc(1, sizeof(*hook));

	if (!hook) {
		return NULL;
	}
	if (ast_audiohook_init(hook, AST_AUDIOHOOK_TYPE_WHISPER, "res_rust_ivr", 0)) {
		ast_free(hook);
		return NULL;
	}
	/* In blocks, since a factory holds back 1280 samples of a frame at most and drops the rest. */
	for (; count > 0; samples += block, count -= block) {
		struct ast_frame frame = slin_frame(samples, MIN(count, block));

		ast_slinfactory_feed(&hook->write_factory, &frame);
	}
	if (ast_audiohook_attach(chan, hook)) {
		ast_audiohook_destroy(hook);
		ast_free(hook);
		return NULL;
	}
	return hook;
}

/* Runs on the channel's own thread, so nobody uses the hook now. Hold no lock. */
void rust_ivr_whisper_end(struct ast_channel *chan, struct ast_audiohook *hook)
{
	ast_audiohook_remove(chan, hook);
	ast_audiohook_destroy(hook);
	ast_free(hook);
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
	if (!ast_channel_caller(leg)->id.number.valid) {
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

/*
 * Asterisk's detector of DTMF in sound, as strict as for dtmf_mode = inband, which sets this
 * feature and nothing else (res/res_pjsip_session.c). NULL: no memory.
 */
struct ast_dsp *rust_ivr_tones_new(void)
{
	struct ast_dsp *detector = ast_dsp_new();

	if (detector) {
		ast_dsp_set_features(detector, DSP_FEATURE_DIGIT_DETECT);
		/* Nobody hears these frames: no tone needs to be taken out of them. */
		ast_dsp_set_digitmode(detector, DSP_DIGITMODE_DTMF | DSP_DIGITMODE_NOQUELCH);
	}
	return detector;
}

/*
 * The key whose tones end in a frame of G.711; 0: none. Other codecs garble tones, so they are not
 * listened to. The frame stays the caller's: main/dsp.c: ast_dsp_process frees what it is given
 * when it has found something, but nothing of a frame that is not on the heap.
 */
int rust_ivr_tones_hear(struct ast_dsp *detector, const struct ast_frame *frame)
{
	struct ast_frame heard = *frame;
	struct ast_frame *found;
	int key = 0;

	if (ast_format_cmp(frame->subclass.format, ast_format_alaw) != AST_FORMAT_CMP_EQUAL
		&& ast_format_cmp(frame->subclass.format, ast_format_ulaw) != AST_FORMAT_CMP_EQUAL) {
		return 0;
	}
	heard.mallocd = 0;
	AST_LIST_NEXT(&heard, frame_list) = NULL;
	found = ast_dsp_process(NULL, detector, &heard);
	if (found && found != &heard) {
		key = found->frametype == AST_FRAME_DTMF_END ? found->subclass.integer : 0;
		ast_frfree(found);
	}
	return key;
}

void rust_ivr_tones_free(struct ast_dsp *detector)
{
	ast_dsp_free(detector);
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

/* A transferer's channel and its second one, or NULL. */
typedef void transfer_refused(const char *leg, const char *other);

/* src/asterisk/transfer.rs: one for the whole library. */
static transfer_refused *refused;

/* The core publishes what it could not do as well (main/bridge.c). */
static void on_transfer(void *data attribute_unused,
	struct stasis_subscription *sub attribute_unused, struct stasis_message *message)
{
	if (stasis_message_type(message) == ast_blind_transfer_type()) {
		struct ast_blind_transfer_message *blind = stasis_message_data(message);

		if (blind->result != AST_BRIDGE_TRANSFER_SUCCESS && blind->transferer) {
			refused(blind->transferer->base->name, NULL);
		}
	} else if (stasis_message_type(message) == ast_attended_transfer_type()) {
		struct ast_attended_transfer_message *attended = stasis_message_data(message);
		struct ast_channel_snapshot *one = attended->to_transferee.channel_snapshot;
		struct ast_channel_snapshot *other = attended->to_transfer_target.channel_snapshot;

		if (attended->result != AST_BRIDGE_TRANSFER_SUCCESS) {
			refused(one ? one->base->name : NULL, other ? other->base->name : NULL);
		}
	}
}

struct stasis_subscription *rust_ivr_refused_transfers_subscribe(transfer_refused *callback)
{
	struct stasis_subscription *sub;

	refused = callback;
	sub = stasis_subscribe_pool(ast_bridge_topic_all(), on_transfer, NULL);
	if (sub) {
		stasis_subscription_accept_message_type(sub, ast_blind_transfer_type());
		stasis_subscription_accept_message_type(sub, ast_attended_transfer_type());
		stasis_subscription_set_filter(sub, STASIS_SUBSCRIPTION_FILTER_SELECTIVE);
	}
	return sub;
}

/* A transferer's channel, the extension, the channel of an attended transfer or NULL, and Referred-By. */
typedef void transfer_requested(const char *transferer, const char *exten, const char *target,
	const char *referred_by);

#ifdef RUST_IVR_TRANSFER_REQUESTS
/* Asterisk 22.3 and its like have it; the module loads without it, too. */
static struct stasis_message_type *(*transfer_request_type)(void);

/* src/asterisk/transfer.rs: one for the whole library. */
static transfer_requested *requested;

static void on_transfer_request(void *data attribute_unused,
	struct stasis_subscription *sub attribute_unused, struct stasis_message *message)
{
	struct ast_ari_transfer_message *request;

	if (stasis_message_type(message) != transfer_request_type()) {
		return;
	}
	request = stasis_message_data(message);
	/* The module's own replies are published as well, with another state. */
	if (request->state == AST_TRANSFER_INVALID && request->source) {
		requested(request->source->base->name, request->destination,
			request->dest ? request->dest->base->name : NULL, request->referred_by);
	}
}

struct stasis_subscription *rust_ivr_transfers_subscribe(transfer_requested *callback)
{
	struct stasis_subscription *sub;

	requested = callback;
	transfer_request_type = (struct stasis_message_type *(*)(void)) dlsym(RTLD_DEFAULT,
		"ast_channel_transfer_request_type");
	if (!transfer_request_type) {
		return NULL;
	}
	sub = stasis_subscribe_pool(ast_channel_topic_all(), on_transfer_request, NULL);
	if (sub) {
		stasis_subscription_accept_message_type(sub, transfer_request_type());
		stasis_subscription_set_filter(sub, STASIS_SUBSCRIPTION_FILTER_SELECTIVE);
	}
	return sub;
}
#else
struct stasis_subscription *rust_ivr_transfers_subscribe(transfer_requested *callback)
{
	(void) callback;
	return NULL;
}
#endif

void rust_ivr_transfers_unsubscribe(struct stasis_subscription *sub)
{
	stasis_unsubscribe_and_join(sub);
}

/*
 * Returns when what PJSIP is doing for this channel now is done. It publishes a REFER before it is
 * ready for the answer, and an answer that comes earlier crashes it (res_pjsip_refer.c:
 * refer_incoming_ari_request sets progress->ari_state last). Reading any of PJSIP's own items
 * queues behind the REFER, in the session's serializer, and waits.
 */
void rust_ivr_wait_for_signalling(struct ast_channel *chan)
{
	char item[] = "pjsip,call-id";
	char ignored[128];
	const struct ast_channel_tech *tech;

	ast_channel_lock(chan);
	tech = ast_channel_tech(chan);
	ast_channel_unlock(chan);
	if (tech && tech->func_channel_read && !strcmp(tech->type, "PJSIP")) {
		tech->func_channel_read(chan, "CHANNEL", item, ignored, sizeof(ignored));
	}
}

/* What the transferer is told (NOTIFY): done or failed. */
void rust_ivr_transfer_reply(struct ast_channel *chan, int done)
{
	enum ast_control_transfer reply = done ? AST_TRANSFER_SUCCESS : AST_TRANSFER_FAILED;

	ast_indicate_data(chan, AST_CONTROL_TRANSFER, &reply, sizeof(reply));
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

/* A sound file that Asterisk reads, and the way from its format to signed linear. */
struct rust_ivr_file {
	struct ast_filestream *stream;
	struct ast_trans_pvt *path;
};

void rust_ivr_file_close(struct rust_ivr_file *file)
{
	if (file->path) {
		ast_translator_free_path(file->path);
	}
	if (file->stream) {
		ast_closestream(file->stream);
	}
	ast_free(file);
}

/* stem: the path without its extension. */
struct rust_ivr_file *rust_ivr_file_open(const char *stem, const char *format)
{
	struct rust_ivr_file *file = ast_calloc(1, sizeof(*file));

	if (!file) {
		return NULL;
	}
	file->stream = ast_readfile(stem, format, NULL, O_RDONLY, 0, 0);
	if (!file->stream) {
		rust_ivr_file_close(file);
		return NULL;
	}
	return file;
}

/* The samples of the next frame; -1: the end; -2: no translator. */
int rust_ivr_file_read(struct rust_ivr_file *file, int16_t *samples, int room)
{
	struct ast_frame *frame = ast_readframe(file->stream);
	struct ast_frame *next;
	int count = 0;

	if (!frame) {
		return -1;
	}
	if (frame->frametype == AST_FRAME_VOICE
		&& ast_format_cmp(frame->subclass.format, ast_format_slin) != AST_FORMAT_CMP_EQUAL) {
		if (!file->path) {
			file->path = ast_translator_build_path(ast_format_slin, frame->subclass.format);
		}
		if (!file->path) {
			ast_frfree(frame);
			return -2;
		}
		frame = ast_translate(file->path, frame, 1);
	}
	for (next = frame; next; next = AST_LIST_NEXT(next, frame_list)) {
		int more = next->frametype == AST_FRAME_VOICE ? MIN(next->samples, room - count) : 0;

		if (more > 0) {
			memcpy(samples + count, next->data.ptr, more * sizeof(*samples));
			count += more;
		}
	}
	if (frame) {
		ast_frfree(frame);
	}
	return count;
}
