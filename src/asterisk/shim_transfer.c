/*
 * The part of the border that only C can write, for SIP transfers (transfer.rs): those that are left
 * to the module, and those that the core refuses.
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <asterisk.h>

#include <dlfcn.h>

#include <asterisk/channel.h>
#include <asterisk/stasis.h>
#include <asterisk/stasis_bridges.h>
#include <asterisk/stasis_channels.h>

/* A channel's name as it was: since 17 a snapshot has parts (build.rs). */
#ifdef RUST_IVR_SNAPSHOT_PARTS
#define SNAPSHOT_NAME(snapshot) ((snapshot)->base->name)
#else
#define SNAPSHOT_NAME(snapshot) ((snapshot)->name)
#endif

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
			refused(SNAPSHOT_NAME(blind->transferer), NULL);
		}
	} else if (stasis_message_type(message) == ast_attended_transfer_type()) {
		struct ast_attended_transfer_message *attended = stasis_message_data(message);
		struct ast_channel_snapshot *one = attended->to_transferee.channel_snapshot;
		struct ast_channel_snapshot *other = attended->to_transfer_target.channel_snapshot;

		if (attended->result != AST_BRIDGE_TRANSFER_SUCCESS) {
			refused(one ? SNAPSHOT_NAME(one) : NULL, other ? SNAPSHOT_NAME(other) : NULL);
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
